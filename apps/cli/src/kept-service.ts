import { DEFAULT_RESTART_RULES, decideRestart, type PastExit, type RestartRules } from "@flotilla/contracts";
import { sleep, systemClock, toError } from "@flotilla/kernel";
import type { ServiceProcess } from "./service-process.ts";

/** A lost bot or supervisor is missed at once; the count of five in ten minutes is that of the workers. */
const RULES: RestartRules = { ...DEFAULT_RESTART_RULES, crashDelayMs: 1000 };
/** More than any rule counts. */
const KEPT_EXITS = 20;
/** How often it is tried after that; who stays up for as long is back. */
const PATIENT_MS = 60_000;

/** Parts of a {@link KeptService}. */
interface KeptOptions {
  readonly start: () => Promise<ServiceProcess>;
  /** Gets a line for each unasked end. */
  readonly tell: (line: string) => void;
  /** What still works and what does not while it is away: the end of a sentence. */
  readonly meanwhile: string;
  /** It ends again and again, with how it ended last; null when it stays up again. */
  readonly onDown?: (how: string | null) => void;
  /** It ended unasked, or its start failed; it is tried again. */
  readonly onMissed?: (how: string) => void;
  /** It was started again. */
  readonly onStart?: () => void;
  readonly rules?: RestartRules;
}

/** An unasked end, or a start that failed: a sentence for one, a sentence for one too many, and what the chat shows. */
interface Miss {
  readonly once: string;
  readonly again: string;
  readonly detail: string;
}

function ended(how: string): Miss {
  return { once: `The ${how}.`, again: `The ${how}, again and again.`, detail: how };
}

/** What a failed start says is a sentence already. */
function failed(message: string): Miss {
  return { once: message, again: `${message} It fails again and again.`, detail: message };
}

/**
 * A service that is started again when it ends unasked, for ever: after five in ten minutes once a minute. Giving up would end
 * the workers with it, and the death of the bot must not stop them.
 */
export class KeptService {
  readonly #options: KeptOptions;
  readonly #stopping = new AbortController();
  readonly #history: PastExit[] = [];
  #current: ServiceProcess;
  #isDown = false;

  private constructor(first: ServiceProcess, options: KeptOptions) {
    this.#current = first;
    this.#options = options;
    void this.#keep();
  }

  /** Starts it for the first time; a failure of that is thrown on. */
  static async start(options: KeptOptions): Promise<KeptService> {
    return new KeptService(await options.start(), options);
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
    let how = ended(await this.#current.exited);
    while (!this.#stopping.signal.aborted) {
      const delayMs = this.#missed(how, systemClock.monotonicMs() - startedAt);
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

  async #exited(): Promise<string> {
    const stays = setTimeout(() => this.#setDown(null), PATIENT_MS);
    stays.unref();
    try {
      return await this.#current.exited;
    } finally {
      clearTimeout(stays);
    }
  }

  /** Writes the end down, says it, and returns how long to wait before the next start. By the monotonic clock: no change of the time is ten minutes. */
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
