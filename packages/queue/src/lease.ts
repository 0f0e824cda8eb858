import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type Fault, fenceKey, leaseKey, leaseQuietKey, leaseRunKey } from "@flotilla/contracts";
import {
  type Clock,
  type HostId,
  type RedisAddress,
  sleep,
  toError,
  type WorkerId,
  withTimeout,
} from "@flotilla/kernel";
import { promptRedis, type RedisClient } from "./connection.ts";
import { leasesOf01 } from "./fences-of-0-1.ts";
import { type LeaseAnswer, type LeaseRecord, parseAnswer, RELEASE, TAKE } from "./lease-script.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer, type RedisTrouble, redisAway, troubleOf } from "./redis-trouble.ts";
import { type Question, Tenure } from "./tenure.ts";

/**
 * Number of hosts that may run workers of this fleet. `one` = the kernel's lock decides; the lease
 * only detects an unexpected second host, and a Redis that is away stops no worker. `several` = no
 * worker connects to Telegram without a valid lease.
 */
export type LeaseMode = "one" | "several";

/** Times of a lease. */
export interface LeaseTimings {
  readonly ttlMs: number;
  /** Milliseconds after a granted question in which the holder acts: at most 2/3 of `ttlMs`. */
  readonly actMs: number;
  readonly renewEveryMs: number;
  /** Milliseconds that a worker on one host waits for the first answer before it acts without. */
  readonly firstAnswerMs: number;
}

/**
 * TTL 20 s, renewed every 5 s; the holder stops acting after 10 s without an answer. The other 10 s
 * cover a frozen machine, which cannot even close its connection: by then Telegram has closed it
 * (`CONTESTED_TIMINGS` of the Telegram package, ADR 0005).
 */
export const LEASE_TIMINGS: LeaseTimings = {
  ttlMs: 20_000,
  actMs: 10_000,
  renewEveryMs: 5000,
  firstAnswerMs: 1000,
};

/** Resources and holder of a lease, and its listener. */
export interface LeaseOptions {
  readonly place: QueuePlace;
  readonly mode: LeaseMode;
  readonly host: HostId;
  readonly worker: WorkerId;
  /** The caller's kernel lock: a later holder of it has proved that the one before is dead. */
  readonly owner: string;
  /** Resources to own, evaluated for each question; see `leaseResources`. */
  readonly resources: () => readonly string[];
  /** The highest fencing token that the session knows. */
  readonly knownFence: () => number;
  readonly on: {
    /** This process may act. `fence` is null on one host while Redis is away. */
    granted(fence: number | null): void;
    /** This process may not act until the next `granted`. Called before the lease ends. */
    suspended(fault: Fault): void;
    /** Another process holds the lease: this process must exit. Called once, as the last call. */
    taken(fault: Fault): void;
  };
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly timings?: LeaseTimings;
}

const RETRY_MS = 250;
const RELEASE_MS = 500;

/** Ownership of one session across hosts (ADR 0005); {@link Tenure} says how long a grant lasts. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #timings: LeaseTimings;
  readonly #redis: RedisClient;
  readonly #token = randomUUID();
  readonly #over = new AbortController();
  readonly #since: number;
  /**
   * Replicas that must confirm a grant (ADR 5): without it a master that was replaced would renew
   * for one host what the new one grants to another.
   */
  #confirmedBy: number;
  readonly #tenure: Tenure;
  #fence: number | null = null;
  #phase: "asking" | "acting" | "suspended" | "gone" = "asking";
  #fuse: NodeJS.Timeout | undefined;
  /** Why the last question failed; null = it was answered. */
  #trouble: RedisTrouble | null = null;
  readonly #running: Promise<void>;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#timings = options.timings ?? LEASE_TIMINGS;
    this.#since = options.clock.now();
    const { clock, mode } = options;
    this.#confirmedBy = mode === "several" && hasReplicas(options.place.redis) ? 1 : 0;
    this.#tenure = new Tenure({ clock, actMs: this.#timings.actMs, endless: mode === "one" });
    this.#redis = promptRedis(options.place.redis);
    this.#redis.on("error", options.onError);
    this.#running = this.#keep();
  }

  /**
   * Whether this process may act at this moment. Call it in the same turn of the event loop as the
   * last write of every effect: a process that was stopped finds out here, before its timers run.
   */
  mayAct(): boolean {
    if (this.#phase !== "acting") return false;
    if (this.#options.mode === "one" || this.#tenure.lasts()) return true;
    this.#suspend();
    return false;
  }

  /**
   * As `mayAct`, but on one host false, too, after this process stood still, until Redis answers or
   * is known to be away: meanwhile another process may have been granted the lease.
   */
  isSure(): boolean {
    if (!this.mayAct()) return false;
    if (this.#fence === null || this.#trouble !== null) return true;
    return this.#tenure.ageMs() < this.#timings.actMs;
  }

  /** True while no other holder can have been granted this lease. */
  isHeld(): boolean {
    return this.#phase !== "gone" && this.#tenure.ageMs() < this.#timings.ttlMs;
  }

  /** Asks Redis at once, because the resources have changed. */
  refresh(): void {
    this.#wake.resolve();
  }
  #wake = Promise.withResolvers<void>();

  /**
   * Releases the lease, so that the next holder need not wait for its TTL. Does not wait for a
   * Redis that is away. Idempotent.
   */
  async close(): Promise<void> {
    const acted = this.#phase === "acting" || this.#phase === "suspended";
    this.#phase = "gone";
    this.#over.abort();
    clearTimeout(this.#fuse);
    await this.#running;
    if (acted && this.#redis.status === "ready") {
      const { held } = this.#tenure;
      const given = this.#redis.eval(RELEASE, held.length, ...held, this.#token);
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
      const pauseMs = await this.#step().catch((error: unknown) =>
        this.#failed(toError(error), begun),
      );
      if (signal.aborted) return;
      this.#wake = Promise.withResolvers();
      await Promise.race([sleep(pauseMs, signal), this.#wake.promise]).catch(() => {});
    }
  }

  /** Sends one question and applies the answer; resolves with the milliseconds until the next. */
  async #step(): Promise<number> {
    // Reports a tenure that ended while this process was stopped, before asking for the next one.
    this.mayAct();
    const resources = this.#options.resources();
    // A changed key needs another lease: it is free, and its fencing tokens start again.
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

  async #ask(
    resources: readonly string[],
    { keys, granted, known }: Question,
  ): Promise<LeaseAnswer> {
    const { place, mode, host, worker, owner } = this.#options;
    const { ttlMs, renewEveryMs } = this.#timings;
    const record: LeaseRecord = { token: this.#token, owner, host, worker, since: this.#since };
    const fences = [
      ...resources.map((each) => fenceKey(place.prefix, each)),
      ...leasesOf01(place, resources).fences,
    ];
    const quietMs = mode === "one" ? 0 : ttlMs;
    const run = [leaseRunKey(place.prefix), leaseQuietKey(place.prefix)];
    const args = [
      keys.length,
      this.#token,
      owner,
      JSON.stringify(record),
      ttlMs,
      known,
      granted ? "1" : "0",
      quietMs,
    ];
    const limitMs = renewEveryMs * 0.8;
    const all = [...keys, ...fences, ...run];
    // In one pipeline, because WAIT counts the writes of its own connection; in a cluster the keys
    // choose the node for both.
    const asked = this.#redis.pipeline().eval(TAKE, all.length, ...all, ...args);
    if (this.#confirmedBy > 0) asked.wait(this.#confirmedBy, limitMs / 2);
    const [taken, confirmed] = (await withTimeout(asked.exec(), limitMs, noAnswer)) ?? [];
    const answer = parseAnswer(resultOf(taken));
    if (answer.kind !== "granted" || mode === "one") return answer;
    const acked = confirmed ? Number(resultOf(confirmed)) : 0;
    if (answer.replicas > 0) this.#confirmedBy = 1;
    if (acked < this.#confirmedBy) throw redisAway("no-replica");
    return answer;
  }

  #keysOf(resources: readonly string[]): string[] {
    const { place } = this.#options;
    return [
      ...resources.map((each) => leaseKey(place.prefix, each)),
      ...leasesOf01(place, resources).leases,
    ];
  }

  #granted(fence: number, question: Question): void {
    const first = this.#phase !== "acting" || this.#fence !== fence;
    this.#fence = fence;
    this.#phase = "acting";
    if (!this.#tenure.begin(question, fence)) {
      // The answer came after its tenure had ended.
      this.#suspend();
      return;
    }
    this.#lightFuse();
    if (first) this.#options.on.granted(fence);
  }

  #lightFuse(): void {
    clearTimeout(this.#fuse);
    if (this.#options.mode === "one") return;
    this.#fuse = setTimeout(
      () => (this.mayAct() ? this.#lightFuse() : undefined),
      Math.max(this.#tenure.leftMs(), 1),
    );
    this.#fuse.unref();
  }

  /** Handles a question without an answer. On one host the kernel's lock is enough. */
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

/** Sentinels and clusters exist for their replicas; a single server is asked. */
function hasReplicas(address: RedisAddress): boolean {
  return typeof address !== "string" && address.kind !== "server";
}

/** The result of one command of a pipeline. Throws its error. */
function resultOf(pair: [Error | null, unknown] | undefined): unknown {
  if (!pair) throw noAnswer();
  const [error, result] = pair;
  if (error) throw error;
  return result;
}

/** The fault for `trouble`. Without one Redis answered in time: this machine was too slow. */
function unrenewed(trouble: RedisTrouble | null): Fault {
  const why =
    trouble === null
      ? "This machine stood still, or its clock jumped."
      : redisAway(trouble).message;
  const therefore =
    "With HOSTS=several a worker may not stay on Telegram without its lease: it reconnects automatically.";
  return { class: "NETWORK", code: "lease-unrenewed", message: `${why} ${therefore}` };
}

function heldBy(by: LeaseRecord): Fault {
  const since = by.since === 0 ? "" : ` (since ${new Date(by.since).toISOString()})`;
  const name = by.worker === "" ? "" : ` as ${by.worker}`;
  return {
    class: "IN_USE",
    code: "lease-held",
    message:
      `${by.host} already runs this session${name}${since}. Start refused, to keep Telegram from ` +
      "cancelling it.",
  };
}
