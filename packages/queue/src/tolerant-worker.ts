import type { JobRefusal } from "@flotilla/contracts";
import { type Job, type JobJson, Worker } from "bullmq";
import type { Redis } from "ioredis";
import type { QueuePlace } from "./place.ts";
import { UNREADABLE } from "./wire.ts";

/** A worker whom a job that is no JSON does not stop: the library would throw before anybody can look, and find it again every few seconds. */
export class TolerantWorker extends Worker {
  protected override createJob(data: JobJson, jobId: string): Job {
    try {
      return super.createJob(data, jobId);
    } catch {
      return super.createJob({ ...readable(data), data: JSON.stringify(UNREADABLE) }, jobId);
    }
  }
}

/** The parts that the library parses, one by one: what is not readable is left out. */
function readable(data: JobJson): JobJson {
  const parts = { stacktrace: "[]", returnvalue: "null", progress: 0, opts: {} } as const;
  return { ...data, ...parts } as unknown as JobJson;
}

/** Ends a job that is not taken: it is told of, and gone, whatever its options say. */
export function refuse({ onRefused }: QueuePlace, queue: string, why: JobRefusal["why"], job: Job): void {
  job.opts.removeOnComplete = true;
  onRefused?.({ queue, why, times: 1 });
}

/** Whether the library hands this job out once more, because nobody said that it is done. */
export function isRedelivered(job: Job): boolean {
  return job.attemptsStarted > 1;
}

/**
 * For the `error` event of a worker: a job whose options are no JSON breaks the library before it hands the job out, and stays active.
 * Such jobs are removed and told of; every other error goes to `onError`.
 */
export function withoutUnreadable(
  redis: Redis,
  place: QueuePlace,
  queue: string,
  onError: (error: unknown) => void,
): (error: Error) => void {
  return (error) => {
    if (error instanceof SyntaxError) sweep(redis, place, queue).catch(onError);
    else onError(error);
  };
}

async function sweep(redis: Redis, { prefix, onRefused }: QueuePlace, queue: string): Promise<void> {
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
