import type { Fault, WorkerToSupervisor } from "@flotilla/contracts";
import { processStat } from "@flotilla/os";

/** What a worker may do before it is replaced. */
export interface VitalLimits {
  /** From the start of the process to its first heartbeat; it may have to wait for its session first. */
  readonly startMs: number;
  /** After so long without a heartbeat a process that is stopped, or that uses the processor all the time, hangs. */
  readonly silentMs: number;
  /** Without a heartbeat for so long it hangs, whatever it does: it could have been starved, or waiting for a disk, before. */
  readonly starvedMs: number;
  /** More resident memory than this, twice in a row, is too much. */
  readonly memoryBytes: number;
}

/** The numbers of S2-36 and of "hang replaced in 5 s". */
export const DEFAULT_VITAL_LIMITS: VitalLimits = {
  startMs: 90_000,
  silentMs: 2500,
  starvedMs: 12_000,
  memoryBytes: 512 * 1024 * 1024,
};

type Heartbeat = Extract<WorkerToSupervisor, { kind: "heartbeat" }>;

/** A second look this long after the first: heartbeats that wait while this very process was held up arrive before. */
const SECOND_LOOK_MS = 100;
const LOOK_AGAIN_MS = 200;
/** So much processor time without a heartbeat: it is held up by itself, not by others. */
const BUSY_MS = 1000;
const MEBI = 1024 * 1024;

/** Watches one process: a heartbeat that stays away, or too much memory, is told once. */
export class VitalSigns {
  readonly #pid: number;
  readonly #limits: VitalLimits;
  readonly #onFault: (fault: Fault) => void;
  #last: Heartbeat | null = null;
  #heardAt = performance.now();
  #tooMuch = 0;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(pid: number, limits: VitalLimits, onFault: (fault: Fault) => void) {
    this.#pid = pid;
    this.#limits = limits;
    this.#onFault = onFault;
    this.#wait(Math.min(limits.startMs, limits.silentMs), () => this.#look());
  }

  /** How it was at the last heartbeat, or null before the first. */
  get last(): { readonly loopLagMs: number; readonly rssBytes: number } | null {
    return this.#last && { loopLagMs: this.#last.loopLagMs, rssBytes: this.#last.rssBytes };
  }

  /** The process gave a sign of life. */
  heard(heartbeat: Heartbeat): void {
    this.#last = heartbeat;
    this.#heardAt = performance.now();
    this.#tooMuch = heartbeat.rssBytes > this.#limits.memoryBytes ? this.#tooMuch + 1 : 0;
    if (this.#tooMuch >= 2) this.#tell("OOM", "memory-cap", this.#memoryText(heartbeat.rssBytes));
    else this.#wait(this.#limits.silentMs, () => this.#look());
  }

  /** It ends, or was asked to. */
  stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    this.#wait(SECOND_LOOK_MS, () => this.#judge());
  }

  #judge(): void {
    const silentMs = performance.now() - this.#heardAt;
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
    return `The worker used ${Math.round(rssBytes / MEBI)} MB (limit ${Math.round(this.#limits.memoryBytes / MEBI)}).`;
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
