import { DEFAULT_RESTART_RULES, decideRestart, type PastExit } from "@flotilla/domain";
import { sleep, systemClock } from "@flotilla/kernel";
import type { ServiceProcess } from "./service-process.ts";

/** A lost bot or supervisor is missed at once; the count of five in ten minutes is that of the workers. */
const RULES = { ...DEFAULT_RESTART_RULES, crashDelayMs: 1000 };

/** A service that is started again when it ends unasked: the death of the bot must not stop the workers. */
export class KeptService {
  /** Settles with a sentence when it ended too often, or could not be started again. */
  readonly gaveUp: Promise<string>;
  readonly #start: () => Promise<ServiceProcess>;
  readonly #tell: (line: string) => void;
  readonly #stopping = new AbortController();
  readonly #history: PastExit[] = [];
  #current: ServiceProcess;

  private constructor(first: ServiceProcess, start: () => Promise<ServiceProcess>, tell: (line: string) => void) {
    this.#current = first;
    this.#start = start;
    this.#tell = tell;
    this.gaveUp = this.#keep();
  }

  /** Starts it for the first time; a failure of that is thrown on. `tell` gets a line for each unasked end. */
  static async start(start: () => Promise<ServiceProcess>, tell: (line: string) => void): Promise<KeptService> {
    return new KeptService(await start(), start, tell);
  }

  /** The process that runs now. */
  get current(): ServiceProcess {
    return this.#current;
  }

  /** Ends it for good: SIGTERM, SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#current.stop(graceMs);
  }

  /** SIGKILL, for good. */
  kill(): void {
    this.#stopping.abort();
    this.#current.kill();
  }

  async #keep(): Promise<string> {
    const { signal } = this.#stopping;
    for (;;) {
      const startedAt = systemClock.monotonicMs();
      const how = await this.#current.exited;
      if (signal.aborted) return how;
      this.#history.push({ at: systemClock.now(), uptimeMs: systemClock.monotonicMs() - startedAt, class: "CRASH" });
      const decision = decideRestart(this.#history, systemClock.now(), RULES);
      if (decision.kind !== "restart") return `${how}, again and again`;
      this.#tell(`The ${how}. Starting it again (${decision.attempt}/${decision.limit}).`);
      try {
        await sleep(decision.delayMs, signal);
        this.#current = await this.#start();
      } catch (error) {
        return error instanceof Error ? error.message : how;
      }
    }
  }
}
