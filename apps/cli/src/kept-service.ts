import {
  DEFAULT_RESTART_RULES,
  decideRestart,
  type PastExit,
  type RestartRules,
} from "@flotilla/contracts";
import { sleep, systemClock, toError } from "@flotilla/kernel";
import type { ServiceProcess } from "./service-process.ts";

/** Restart rules of bot and supervisor: 1 s delay, the workers' limit of five in ten minutes. */
const RULES: RestartRules = { ...DEFAULT_RESTART_RULES, crashDelayMs: 1000 };
/** Exits kept in memory, more than any rule counts. */
const KEPT_EXITS = 20;
/** Interval of restarts beyond the limit; a service that runs this long counts as back. */
const PATIENT_MS = 60_000;

interface KeptOptions {
  readonly start: () => Promise<ServiceProcess>;
  /** Prints a line for each unrequested exit. */
  readonly tell: (line: string) => void;
  /** End of a sentence that says what works and what does not while the service is down. */
  readonly meanwhile: string;
  /**
   * Called with the last exit when restarts exceed the limit, with null when the service stays up.
   */
  readonly onDown?: (how: string | null) => void;
  /** Called after an unrequested exit or a failed start, before the retry. */
  readonly onMissed?: (how: string) => void;
  /** Called after a restart. */
  readonly onStart?: () => void;
  readonly rules?: RestartRules;
}

/** Texts of an unrequested exit or failed start: within the limit, beyond it, and for the chat. */
interface Miss {
  readonly once: string;
  readonly again: string;
  readonly detail: string;
}

function ended(how: string): Miss {
  return { once: `The ${how}.`, again: `The ${how}, again and again.`, detail: how };
}

/** The message of a failed start is a whole sentence. */
function failed(message: string): Miss {
  return { once: message, again: `${message} It fails again and again.`, detail: message };
}

/**
 * Restarts a service after every unrequested exit, at once when it asks for it, and never gives up:
 * beyond five exits in ten minutes once a minute. Giving up would end the workers, which must survive the bot.
 */
export class KeptService {
  readonly #options: KeptOptions;
  readonly #stopping = new AbortController();
  readonly #history: PastExit[] = [];
  #current: ServiceProcess;
  #isDown = false;
  /** The process that was last started again because it asked. */
  #asked: ServiceProcess | null = null;

  private constructor(first: ServiceProcess, options: KeptOptions) {
    this.#current = first;
    this.#options = options;
    void this.#keep();
  }

  /** Starts the service. Rejects when this first start fails. */
  static async start(options: KeptOptions): Promise<KeptService> {
    return new KeptService(await options.start(), options);
  }

  get current(): ServiceProcess {
    return this.#current;
  }

  /** Ends the service without a restart: SIGTERM, then SIGKILL after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#current.stop(graceMs);
  }

  /** SIGKILL, without a restart. */
  kill(): void {
    this.#stopping.abort();
    this.#current.kill();
  }

  async #keep(): Promise<void> {
    let startedAt = systemClock.monotonicMs();
    let how = ended(await this.#current.exited);
    while (!this.#stopping.signal.aborted) {
      const delayMs = this.#pauseAfter(how, systemClock.monotonicMs() - startedAt);
      try {
        await sleep(delayMs, this.#stopping.signal);
        startedAt = systemClock.monotonicMs();
        this.#current = await this.#options.start();
        if (this.#stopping.signal.aborted) this.#current.kill();
        this.#options.onStart?.();
        how = ended(await this.#exited());
      } catch (error) {
        how = failed(toError(error).message);
      }
    }
  }

  /** Milliseconds until the next start: none for a service that ended to be started again. */
  #pauseAfter(how: Miss, uptimeMs: number): number {
    const { current } = this;
    if (this.#asked === current || !current.wantsStart()) return this.#missed(how, uptimeMs);
    // The next start may fail before there is another process: that one counts.
    this.#asked = current;
    this.#options.tell(`The ${current.name} asked to be started again.`);
    return 0;
  }

  async #exited(): Promise<string> {
    const stays = setTimeout(() => this.#setDown(null), PATIENT_MS);
    stays.unref();
    try {
      return await this.#current.exited;
    } finally {
      clearTimeout(stays);
    }
  }

  /**
   * Records and prints the exit; returns the delay of the next start in milliseconds. Uses the
   * monotonic clock: a clock change must not count as ten minutes.
   */
  #missed({ once, again, detail }: Miss, uptimeMs: number): number {
    const { tell, meanwhile, rules = RULES } = this.#options;
    const now = systemClock.monotonicMs();
    this.#history.push({ at: now, uptimeMs, class: "CRASH" });
    if (this.#history.length > KEPT_EXITS) this.#history.shift();
    this.#options.onMissed?.(detail);
    const decision = decideRestart(this.#history, now, rules);
    if (decision.kind === "restart") {
      tell(`${once} Starting it again (${decision.attempt}/${decision.limit}).`);
      return decision.delayMs;
    }
    tell(`${again} Trying once a minute; ${meanwhile}`);
    this.#setDown(detail);
    return PATIENT_MS;
  }

  #setDown(how: string | null): void {
    if (how === null && !this.#isDown) return;
    this.#isDown = how !== null;
    this.#options.onDown?.(how);
  }
}
