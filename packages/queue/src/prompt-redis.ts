import { AppError, type Clock, type RedisAddress, sleep, systemClock } from "@flotilla/kernel";
import { promptRedis, type RedisClient } from "./connection.ts";
import { noAnswer, type RedisTrouble, redisAway, troubleOf } from "./redis-trouble.ts";

/**
 * Milliseconds for an answer: a press asks Redis up to three times, and its card is due within 2 s.
 */
const ANSWER_MS = 600;
/**
 * Milliseconds until a connection that does not open is replaced: in a cut network its bytes arrive
 * late.
 */
const REPLACE_MS = 5000;

/**
 * A connection for callers that cannot wait: a question is answered within {@link ANSWER_MS}, or
 * rejects with the reason. While Redis hangs, questions reject at once until it answers on a new
 * connection.
 */
export class PromptRedis {
  /** For libraries; send questions through `ask`. */
  readonly redis: RedisClient;
  #trouble: RedisTrouble | null = null;
  /** Why the connection is not open. */
  #reason: RedisTrouble | null = null;
  readonly #clock: Clock;
  #madeAt: number;

  constructor(
    address: RedisAddress,
    onError: (error: unknown) => void,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock;
    this.#madeAt = clock.monotonicMs();
    this.redis = promptRedis(address);
    this.redis.on("error", (error) => {
      this.#reason = troubleOf(error);
      onError(error);
    });
    this.redis.on("ready", () => {
      this.#reason = null;
    });
  }

  /** Problem of the last question or of the connection; null = none. */
  get trouble(): RedisTrouble | null {
    return this.redis.status === "ready" ? this.#trouble : this.#notReady();
  }

  /** Asks one question. Throws AppError `redis-away` with the problem. */
  async ask<T>(question: (redis: RedisClient) => Promise<T>): Promise<T> {
    try {
      if (this.redis.status !== "ready" && this.#reason === null) await this.#comesUp();
      if (this.redis.status !== "ready") throw redisAway(this.#notReady());
      const answer = await inTime(question(this.redis));
      this.#trouble = null;
      return answer;
    } catch (cause) {
      const error =
        cause instanceof AppError && cause.code === "redis-away"
          ? cause
          : redisAway(troubleOf(cause), cause);
      this.#trouble = troubleOf(error);
      if (this.#trouble === "hangs") this.#reconnect();
      throw error;
    }
  }

  /** Resolves when the connection is open; earlier questions may be refused. */
  async ready(signal?: AbortSignal): Promise<void> {
    while (this.redis.status !== "ready") await this.#change(signal);
  }

  close(): void {
    this.redis.disconnect();
  }

  #notReady(): RedisTrouble {
    // Redis has accepted the connection and sends no greeting.
    if (this.#reason === null && ["connecting", "connect"].includes(this.redis.status))
      return "hangs";
    return this.#reason ?? this.#trouble ?? "gone";
  }

  /** Drops the open questions; Redis may still carry out what it has received. */
  #reconnect(): void {
    const up = this.redis.status === "ready";
    if (!up && this.#clock.monotonicMs() - this.#madeAt < REPLACE_MS) return;
    this.#madeAt = this.#clock.monotonicMs();
    this.#reason = "hangs";
    this.redis.disconnect(true);
  }

  /** Waits for a connection that is still opening, or being replaced. */
  async #comesUp(): Promise<void> {
    const over = new AbortController();
    try {
      await Promise.race([
        this.ready(over.signal),
        this.#fails(over.signal),
        sleep(ANSWER_MS, over.signal),
      ]);
    } finally {
      over.abort();
    }
  }

  async #fails(signal: AbortSignal): Promise<void> {
    while (this.#reason === null) await this.#change(signal);
  }

  async #change(signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const events = ["ready", "error", "end"] as const;
    for (const each of events) this.redis.once(each, resolve);
    signal?.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    for (const each of events) this.redis.off(each, resolve);
    signal?.throwIfAborted();
  }
}

/**
 * Gives a process that was busy one turn to read an answer that is there before the timeout counts.
 */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(ANSWER_MS, over.signal);
    await sleep(1, over.signal);
    throw noAnswer();
  };
  const watch = late();
  watch.catch(() => {});
  answer.catch(() => {});
  try {
    return await Promise.race([answer, watch]);
  } finally {
    over.abort();
  }
}
