import type { JobRefusal } from "@flotilla/contracts";
import { type Job, type JobJson, Worker } from "bullmq";
import type { RedisClient } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import { UNREADABLE } from "./wire.ts";

/**
 * A worker that survives a job that is not JSON: BullMQ would throw before the handler runs, and
 * find the job again every few seconds.
 */
export class TolerantWorker extends Worker {
  protected override createJob(data: JobJson, jobId: string): Job {
    try {
      return super.createJob(data, jobId);
    } catch {
      return super.createJob({ ...readable(data), data: JSON.stringify(UNREADABLE) }, jobId);
    }
  }
}

/** The fields that BullMQ parses, without those that it cannot read. */
function readable(data: JobJson): JobJson {
  const parts = { stacktrace: "[]", returnvalue: "null", progress: 0, opts: {} } as const;
  return { ...data, ...parts } as unknown as JobJson;
}

/** Ends a refused job: reports and deletes it, whatever its options say. */
export function refuse(
  { onRefused }: QueuePlace,
  queue: string,
  why: JobRefusal["why"],
  job: Job,
): void {
  job.opts.removeOnComplete = true;
  onRefused?.({ queue, why, times: 1 });
}

/** Whether BullMQ redelivers this job because its completion was not recorded. */
export function isRedelivered(job: Job): boolean {
  return job.attemptsStarted > 1;
}

/**
 * For the `error` event of a worker: a job whose options are not JSON breaks BullMQ before delivery
 * and stays active. Removes and reports such jobs; passes every other error to `onError`.
 */
export function withoutUnreadable(
  redis: RedisClient,
  place: QueuePlace,
  queue: string,
  onError: (error: unknown) => void,
): (error: Error) => void {
  return (error) => {
    if (error instanceof SyntaxError) sweep(redis, place, queue).catch(onError);
    else onError(error);
  };
}

async function sweep(
  redis: RedisClient,
  { prefix, onRefused }: QueuePlace,
  queue: string,
): Promise<void> {
  const base = `${prefix}:${queue}:`;
  for (const id of await redis.lrange(`${base}active`, 0, -1)) {
    const parsed = await redis.hmget(base + id, "opts", "progress");
    if (parsed.every((text) => text === null || isJson(text))) continue;
    const gone = redis
      .multi()
      .lrem(`${base}active`, 1, id)
      .srem(`${base}stalled`, id)
      .del(base + id, `${base}${id}:lock`);
    await gone.exec();
    onRefused?.({ queue, why: "unreadable", times: 1 });
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return text === "";
  }
}
