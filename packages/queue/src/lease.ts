import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type Fault, fenceKey, leaseKey, leaseQuietKey, leaseRunKey } from "@flotilla/contracts";
import { type Clock, type HostId, sleep, toError, type WorkerId, withTimeout } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import { leasesOf01 } from "./fences-of-0-1.ts";
import { GIVE_BACK, type LeaseAnswer, type LeaseRecord, parseAnswer, TAKE } from "./lease-script.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer, type RedisTrouble, redisAway, troubleOf } from "./redis-trouble.ts";
import { type Question, Tenure } from "./tenure.ts";

/**
 * How many hosts may run workers of this fleet. `one`: the kernel's lock decides, the lease only finds a host that should not
 * be there, and a Redis that is away stops nothing. `several`: nobody is on Telegram without a lease that is good.
 */
export type LeaseMode = "one" | "several";

/** Numbers of a lease. */
export interface LeaseTimings {
  readonly ttlMs: number;
  /** How long after a question that was granted the holder acts on it: at most two thirds of `ttlMs` (invariant 2). */
  readonly actMs: number;
  readonly renewEveryMs: number;
  /** How long the first answer may take on one host before the worker goes on without. */
  readonly firstAnswerMs: number;
}

/**
 * 20 s, renewed every 5 s; the holder stops acting after 10 s without an answer. The other 10 s are for a machine that is frozen
 * and cannot even close its connection: by then Telegram has closed it (`CONTESTED_TIMINGS` of the Telegram package, ADR 0005).
 */
export const LEASE_TIMINGS: LeaseTimings = { ttlMs: 20_000, actMs: 10_000, renewEveryMs: 5000, firstAnswerMs: 1000 };

/** What a lease is for, and who asks. */
export interface LeaseOptions {
  readonly place: QueuePlace;
  readonly mode: LeaseMode;
  readonly host: HostId;
  readonly worker: WorkerId;
  /** Names the kernel lock that the caller holds: whoever holds the same one has proved that the holder before is dead. */
  readonly owner: string;
  /** What must be owned, asked anew each time: the worker's name, and the fingerprint of its key when there is one. */
  readonly resources: () => readonly string[];
  /** The highest fencing number that the session knows of. */
  readonly knownFence: () => number;
  readonly on: {
    /** From now on this process may act. `fence` is null on one host as long as Redis is away. May come again after `suspended`. */
    granted(fence: number | null): void;
    /** Not any more, until `granted` comes again. Called before the lease ends. */
    suspended(fault: Fault): void;
    /** Somebody else has it: this process has to go. Called once, nothing follows. */
    taken(fault: Fault): void;
  };
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly timings?: LeaseTimings;
}

const RETRY_MS = 250;
const RELEASE_MS = 500;

/**
 * Ownership of one session across hosts (ADR 0005): asks Redis, and lets its {@link Tenure} say for how long the answer is good.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #timings: LeaseTimings;
  readonly #redis: Redis;
  readonly #token = randomUUID();
  readonly #over = new AbortController();
  readonly #since: number;
  readonly #tenure: Tenure;
  #fence: number | null = null;
  #phase: "asking" | "acting" | "suspended" | "gone" = "asking";
  #fuse: NodeJS.Timeout | undefined;
  /** Why the last question had no answer; null when it had one. */
  #trouble: RedisTrouble | null = null;
  readonly #running: Promise<void>;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timings = options.timings ?? LEASE_TIMINGS;
    this.#since = options.clock.now();
    const { clock, mode } = options;
    this.#tenure = new Tenure({ clock, actMs: this.#timings.actMs, endless: mode === "one" });
    this.#redis = new Redis(promptOptions(options.place.url));
    this.#redis.on("error", options.onError);
    this.#running = this.#keep();
  }

  /**
   * Whether this process may act at this very moment. Ask it in the same turn of the event loop as the last write of every
   * effect: a process that was stopped finds out here, before its timers run.
   */
  mayAct(): boolean {
    if (this.#phase !== "acting") return false;
    if (this.#options.mode === "one" || this.#tenure.lasts()) return true;
    this.#suspend();
    return false;
  }

  /** Asks at once, because what must be owned has changed. */
  refresh(): void {
    this.#wake.resolve();
  }
  #wake = Promise.withResolvers<void>();

  /** Gives it back, so that nobody has to wait for its end; a Redis that is away is not waited for. Idempotent. */
  async close(): Promise<void> {
    const acted = this.#phase === "acting" || this.#phase === "suspended";
    this.#phase = "gone";
    this.#over.abort();
    clearTimeout(this.#fuse);
    await this.#running;
    if (acted && this.#redis.status === "ready") {
      const { held } = this.#tenure;
      const given = this.#redis.eval(GIVE_BACK, held.length, ...held, this.#token);
      await withTimeout(given, RELEASE_MS, noAnswer).catch(() => {});
    }
    this.#redis.disconnect();
  }

  async #keep(): Promise<void> {
    const { signal } = this.#over;
    const begun = this.#options.clock.monotonicMs();
    const connected = once(this.#redis, "ready", { signal });
    await Promise.race([connected, sleep(this.#timings.firstAnswerMs, signal)]).catch(() => {});
    connected.catch(() => {});
    while (!signal.aborted) {
      const pauseMs = await this.#step().catch((error: unknown) => this.#failed(toError(error), begun));
      if (signal.aborted) return;
      this.#wake = Promise.withResolvers();
      await Promise.race([sleep(pauseMs, signal), this.#wake.promise]).catch(() => {});
    }
  }

  /** One question and what follows from the answer; resolves with the time until the next one. */
  async #step(): Promise<number> {
    // A right that ended while this process was stopped is told before it is asked for again.
    this.mayAct();
    const resources = this.#options.resources();
    // Another key than before is another lease: nobody else can have it, but its number starts anew.
    const question = this.#tenure.question(this.#keysOf(resources), this.#options.knownFence());
    const answer = await this.#ask(resources, question);
    if (this.#over.signal.aborted) return 0;
    this.#trouble = null;
    if (answer.kind === "wait") return Math.min(answer.leftMs, this.#timings.renewEveryMs);
    if (answer.kind === "held") {
      this.#taken(answer.by);
      return 0;
    }
    this.#granted(answer.fence, question);
    return this.#timings.renewEveryMs;
  }

  async #ask(resources: readonly string[], { keys, granted, known }: Question): Promise<LeaseAnswer> {
    const { place, mode, host, worker, owner } = this.#options;
    const { ttlMs, renewEveryMs } = this.#timings;
    const record: LeaseRecord = { token: this.#token, owner, host, worker, since: this.#since };
    const fences = [...resources.map((each) => fenceKey(place.prefix, each)), ...leasesOf01(place, resources).fences];
    const quietMs = mode === "one" ? 0 : ttlMs;
    const run = [leaseRunKey(place.prefix), leaseQuietKey(place.prefix)];
    const args = [keys.length, this.#token, owner, JSON.stringify(record), ttlMs, known, granted ? "1" : "0", quietMs];
    const reply = this.#redis.eval(TAKE, keys.length * 2 + 2, ...keys, ...fences, ...run, ...args);
    return parseAnswer(await withTimeout(reply, renewEveryMs * 0.8, noAnswer));
  }

  #keysOf(resources: readonly string[]): string[] {
    const { place } = this.#options;
    return [...resources.map((each) => leaseKey(place.prefix, each)), ...leasesOf01(place, resources).leases];
  }

  #granted(fence: number, question: Question): void {
    const first = this.#phase !== "acting" || this.#fence !== fence;
    this.#fence = fence;
    this.#phase = "acting";
    if (!this.#tenure.begin(question, fence)) {
      // The answer came too late to be of use.
      this.#suspend();
      return;
    }
    this.#lightFuse();
    if (first) this.#options.on.granted(fence);
  }

  #lightFuse(): void {
    clearTimeout(this.#fuse);
    if (this.#options.mode === "one") return;
    this.#fuse = setTimeout(() => (this.mayAct() ? this.#lightFuse() : undefined), Math.max(this.#tenure.leftMs(), 1));
    this.#fuse.unref();
  }

  /** Redis did not answer. On one host the kernel's lock is enough. */
  #failed(error: Error, begun: number): number {
    const { mode, clock, on, onError } = this.#options;
    onError(error);
    this.#trouble = troubleOf(error);
    const waited = clock.monotonicMs() - begun;
    if (mode === "one" && this.#phase === "asking" && waited >= this.#timings.firstAnswerMs) {
      this.#phase = "acting";
      on.granted(null);
    }
    return RETRY_MS;
  }

  #suspend(): void {
    this.#phase = "suspended";
    clearTimeout(this.#fuse);
    this.#options.on.suspended(unrenewed(this.#trouble));
  }

  #taken(by: LeaseRecord): void {
    this.#phase = "gone";
    this.#over.abort();
    clearTimeout(this.#fuse);
    this.#options.on.taken(heldBy(by));
  }
}

/** In the words of what is the matter; a Redis that answered in time leaves only this machine. */
function unrenewed(trouble: RedisTrouble | null): Fault {
  const why = trouble === null ? "This machine stood still, or its clock jumped." : redisAway(trouble).message;
  const therefore =
    "With HOSTS=several a worker may not stay on Telegram without its lease: it left, and comes back by itself.";
  return { class: "NETWORK", code: "lease-unrenewed", message: `${why} ${therefore}` };
}

function heldBy(by: LeaseRecord): Fault {
  const since = by.since === 0 ? "" : ` (since ${new Date(by.since).toISOString()})`;
  const name = by.worker === "" ? "" : ` as ${by.worker}`;
  return {
    class: "IN_USE",
    code: "lease-held",
    message: `${by.host} already runs this session${name}${since}. Start refused, to keep Telegram from cancelling it.`,
  };
}
