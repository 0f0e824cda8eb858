import { DEFAULT_RESTART_RULES, decideRestart, type PastExit, type RestartRules } from "@flotilla/domain";
import { sleep, systemClock, toError } from "@flotilla/kernel";
import type { ServiceProcess } from "./service-process.ts";

/** A lost bot or supervisor is missed at once; the count of five in ten minutes is that of the workers. */
const RULES: RestartRules = { ...DEFAULT_RESTART_RULES, crashDelayMs: 1000 };
/** More than any rule counts. */
const KEPT_EXITS = 20;
/** How often it is tried after that. */
const PATIENT_MS = 60_000;

/** Parts of a {@link KeptService}. */
interface KeptOptions {
  readonly start: () => Promise<ServiceProcess>;
  /** Gets a line for each unasked end. */
  readonly tell: (line: string) => void;
  readonly rules?: RestartRules;
}

/**
 * A service that is started again when it ends unasked, for ever: after five in ten minutes once a minute. Giving up would end
 * the workers with it, and the death of the bot must not stop them.
 */
export class KeptService {
  readonly #start: () => Promise<ServiceProcess>;
  readonly #tell: (line: string) => void;
  readonly #rules: RestartRules;
  readonly #stopping = new AbortController();
  readonly #history: PastExit[] = [];
  #current: ServiceProcess;

  private constructor(first: ServiceProcess, { start, tell, rules }: Required<KeptOptions>) {
    this.#current = first;
    this.#start = start;
    this.#tell = tell;
    this.#rules = rules;
    void this.#keep();
  }

  /** Starts it for the first time; a failure of that is thrown on. */
  static async start({ start, tell, rules = RULES }: KeptOptions): Promise<KeptService> {
    return new KeptService(await start(), { start, tell, rules });
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

  async #keep(): Promise<void> {
    let startedAt = systemClock.monotonicMs();
    let how = await this.#current.exited;
    while (!this.#stopping.signal.aborted) {
      const delayMs = this.#missed(how, systemClock.monotonicMs() - startedAt);
      try {
        await sleep(delayMs, this.#stopping.signal);
        startedAt = systemClock.monotonicMs();
        this.#current = await this.#start();
        if (this.#stopping.signal.aborted) this.#current.kill();
        how = await this.#current.exited;
      } catch (error) {
        how = toError(error).message;
      }
    }
  }

  /** Writes the end down, says it, and returns how long to wait before the next start. */
  #missed(how: string, uptimeMs: number): number {
    const now = systemClock.now();
    this.#history.push({ at: now, uptimeMs, class: "CRASH" });
    if (this.#history.length > KEPT_EXITS) this.#history.shift();
    const decision = decideRestart(this.#history, now, this.#rules);
    if (decision.kind === "restart") {
      this.#tell(`The ${how}. Starting it again (${decision.attempt}/${decision.limit}).`);
      return decision.delayMs;
    }
    this.#tell(`The ${how}, again and again. Trying once a minute; everything else goes on.`);
    return PATIENT_MS;
  }
}
