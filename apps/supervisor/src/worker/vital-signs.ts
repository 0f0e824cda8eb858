import type { Fault, WorkerToSupervisor } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import { processStat } from "@flotilla/os";

/** Limits after which a worker process is replaced. */
export interface VitalLimits {
  /**
   * Milliseconds from the start of the process to its first heartbeat; the session may be locked
   * first.
   */
  readonly startMs: number;
  /** Milliseconds without a heartbeat before a stopped or busy process counts as hanging. */
  readonly silentMs: number;
  /** Milliseconds without a heartbeat before any process, a starved one too, counts as hanging. */
  readonly starvedMs: number;
  /** Resident memory in bytes; two heartbeats in a row above it replace the process. */
  readonly memoryBytes: number;
}

/** Source: S2-36 and the promise "hang replaced in 5 s". */
export const DEFAULT_VITAL_LIMITS: VitalLimits = {
  startMs: 90_000,
  silentMs: 2500,
  starvedMs: 12_000,
  memoryBytes: 512 * 1024 * 1024,
};

type Heartbeat = Extract<WorkerToSupervisor, { kind: "heartbeat" }>;

/** Delay before the verdict: lets heartbeats arrive that queued while this process was busy. */
const VERDICT_DELAY_MS = 100;
const LOOK_AGAIN_MS = 200;
/** Processor time without a heartbeat from which the process counts as blocking itself. */
const BUSY_MS = 1000;
const MEBI = 1024 * 1024;

/** Watches one process and reports a missing heartbeat or too much memory, once. */
export class VitalSigns {
  readonly #pid: number;
  readonly #limits: VitalLimits;
  readonly #onFault: (fault: Fault) => void;
  #last: Heartbeat | null = null;
  readonly #clock: Clock;
  #heardAt: number;
  #tooMuch = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(pid: number, limits: VitalLimits, clock: Clock, onFault: (fault: Fault) => void) {
    this.#pid = pid;
    this.#limits = limits;
    this.#clock = clock;
    this.#heardAt = clock.monotonicMs();
    this.#onFault = onFault;
    this.#wait(Math.min(limits.startMs, limits.silentMs), () => this.#look());
  }

  /** Figures of the last heartbeat, or null before the first. */
  get last(): { readonly loopLagMs: number; readonly rssBytes: number } | null {
    return this.#last && { loopLagMs: this.#last.loopLagMs, rssBytes: this.#last.rssBytes };
  }

  heard(heartbeat: Heartbeat): void {
    this.#last = heartbeat;
    this.#heardAt = this.#clock.monotonicMs();
    this.#tooMuch = heartbeat.rssBytes > this.#limits.memoryBytes ? this.#tooMuch + 1 : 0;
    if (this.#tooMuch >= 2) this.#tell("OOM", "memory-cap", this.#memoryText(heartbeat.rssBytes));
    else this.#wait(this.#limits.silentMs, () => this.#look());
  }

  /** Ends the watch; call when the process ends or is asked to. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#wait(VERDICT_DELAY_MS, () => this.#judge());
  }

  #judge(): void {
    const silentMs = this.#clock.monotonicMs() - this.#heardAt;
    if (this.#hangs(silentMs)) {
      const text = `No sign of life for ${Math.round(silentMs / 1000)} s.`;
      this.#tell("STUCK", this.#last ? "no-heartbeat" : "start-timeout", text);
    } else this.#wait(LOOK_AGAIN_MS, () => this.#judge());
  }

  #hangs(silentMs: number): boolean {
    const before = this.#last;
    if (silentMs >= (before === null ? this.#limits.startMs : this.#limits.starvedMs)) return true;
    const use = processStat(this.#pid);
    if (use === null) return false;
    return use.state === "stopped" || (before !== null && use.cpuMs - before.cpuMs >= BUSY_MS);
  }

  #memoryText(rssBytes: number): string {
    return (
      `The worker used ${Math.round(rssBytes / MEBI)} MB (limit ` +
      `${Math.round(this.#limits.memoryBytes / MEBI)}).`
    );
  }

  #tell(found: "STUCK" | "OOM", code: string, message: string): void {
    this.stop();
    this.#onFault({ class: found, code, message });
  }

  #wait(delayMs: number, then: () => void): void {
    clearTimeout(this.#timer);
    if (this.#over) return;
    this.#timer = setTimeout(then, delayMs);
    this.#timer.unref();
  }
}
