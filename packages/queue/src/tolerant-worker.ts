import { type Job, type JobJson, Worker } from "bullmq";
import type { QueuePlace, Refusal } from "./place.ts";
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
export function refuse({ onRefused }: QueuePlace, queue: string, why: Refusal["why"], job: Job): void {
  job.opts.removeOnComplete = true;
  onRefused?.({ queue, why, times: 1 });
}
