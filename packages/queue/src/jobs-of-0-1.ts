import { sleep } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { z } from "zod";
import { type RedisClient, waitingRedis } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/**
 * Moves all waiting jobs of a queue into the list of moved jobs, in order and atomically, so that a
 * program of version 0.1 that still runs can no longer take them. Leaves an active job with a lock;
 * without a lock its program is gone. KEYS: wait, paused, prioritized, delayed, active, moved;
 * ARGV: prefix of the job keys.
 */
const TAKE_ALL = `
for i = 1, 2 do
  local id = redis.call('RPOP', KEYS[i])
  while id do
    if string.sub(id, 1, 2) ~= '0:' then redis.call('RPUSH', KEYS[6], id) end
    id = redis.call('RPOP', KEYS[i])
  end
end
for i = 3, 4 do
  for _, id in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do redis.call('RPUSH', KEYS[6], id) end
  redis.call('DEL', KEYS[i])
end
for _, id in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
  if redis.call('EXISTS', ARGV[1] .. id .. ':lock') == 0 then
    redis.call('LREM', KEYS[5], 1, id)
    redis.call('LPUSH', KEYS[6], id)
  end
end
return redis.call('LRANGE', KEYS[6], 0, -1)
`;

const LISTS = ["wait", "paused", "prioritized", "delayed", "active", "moved"] as const;
/** The options of a job that say what happens after it. The others were the same for all jobs. */
const JobOptions = z.object({
  removeOnComplete: z
    .union([z.boolean(), z.number(), z.object({ count: z.number() })])
    .exactOptional(),
  removeOnFail: z.union([z.boolean(), z.number(), z.object({ count: z.number() })]).exactOptional(),
});

/**
 * Milliseconds between two checks for jobs of version 0.1: a program of it may still run and send.
 */
const LOOK_AGAIN_MS = 10_000;
const ANSWER_MS = 3000;

/**
 * @NOTE Goes with version 0.3. Moves the jobs under the keys of version 0.1 to the same queue under
 * the new keys, in order and before the jobs there. Moves each job once, also when this process
 * dies in between: the id stays, and the old job is deleted last. The consumer of the queue calls
 * it before it starts, and again while it runs.
 */
export class JobsOf01 {
  readonly #place: QueuePlace;
  readonly #queue: string;
  readonly #onError: (error: unknown) => void;
  #refused = 0;

  constructor(place: QueuePlace, queue: string, onError: (error: unknown) => void) {
    this.#place = place;
    this.#queue = queue;
    this.#onError = onError;
  }

  /**
   * Moves later jobs of a program of version 0.1 every 10 s, while Redis is connected, until
   * `signal` aborts. Never rejects.
   */
  async takeAlongLater(isThere: () => boolean, signal: AbortSignal): Promise<void> {
    while (this.#place.before !== undefined && !signal.aborted) {
      await sleep(LOOK_AGAIN_MS, signal).catch(() => {});
      if (isThere() && !signal.aborted) await this.takeAlong();
    }
  }

  /** Moves the jobs there now. Never rejects: the next check retries a job that failed. */
  async takeAlong(): Promise<void> {
    const { before, redis: address } = this.#place;
    if (before === undefined) return;
    const redis = waitingRedis(address, ANSWER_MS);
    redis.on("error", () => {});
    try {
      const keys = `${before.prefix}:${this.#queue}:`;
      if (before.gate.isOpen(this.#queue)) await this.#move(redis, keys);
      else this.#refuse(await redis.llen(`${keys}wait`));
    } catch (error) {
      this.#onError(error);
    } finally {
      redis.disconnect();
    }
  }

  /** Leaves the jobs in place, for a check after the program of version 0.1 is stopped. */
  #refuse(waiting: number): void {
    const news = waiting - this.#refused;
    this.#refused = waiting;
    if (news > 0) this.#place.onRefused?.({ queue: this.#queue, why: "unsigned", times: news });
  }

  async #move(redis: RedisClient, before: string): Promise<void> {
    const lists = LISTS.map((name) => before + name);
    const ids = z
      .array(z.string())
      .parse(await redis.eval(TAKE_ALL, lists.length, ...lists, before));
    if (ids.length === 0) return;
    this.#place.onTakenAlong?.({ queue: this.#queue, count: ids.length });
    const queue = new Queue(this.#queue, { connection: redis, prefix: this.#place.prefix });
    queue.on("error", () => {});
    try {
      // Newest first, each before the jobs there: in the end the oldest is next.
      for (const id of ids.toReversed()) {
        const [name, data, opts] = await redis.hmget(before + id, "name", "data", "opts");
        if (typeof name === "string" && typeof data === "string")
          await this.#add(queue, { id, name, data, opts: opts ?? "{}" });
        await redis
          .multi()
          .lrem(`${before}moved`, 1, id)
          .del(before + id)
          .exec();
      }
    } finally {
      await queue.close();
    }
  }

  async #add(queue: Queue, { id, name, ...job }: OldJob): Promise<void> {
    const [data, opts] = [parse(job.data), JobOptions.safeParse(parse(job.opts)).data];
    // Data that is not JSON never was a Flotilla job.
    if (data === undefined) return;
    const signed = this.#place.wire.sign({ queue: this.#queue, id, name }, data, true);
    await queue.add(name, signed, { ...opts, jobId: id, lifo: true });
  }
}

interface OldJob {
  readonly id: string;
  readonly name: string;
  readonly data: string;
  readonly opts: string;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
