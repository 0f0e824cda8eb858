import { EVENTS_QUEUE, FleetEvent, HostCommand, hostQueue, WorkerCommand, workerQueue } from "@flotilla/contracts";
import { AppError, type HostId, type WorkerId, withTimeout } from "@flotilla/kernel";
import { type Job, UnrecoverableError, Worker } from "bullmq";
import type { z } from "zod";
import { patientOptions } from "./connection.ts";
import type { QueuePlace } from "./send.ts";

/** A consumer that runs. `close` waits for the job in hand. */
export interface Consumer {
  close(): Promise<void>;
}

/** What a consumer needs besides its handler. */
export interface ConsumerOptions<T> {
  readonly place: QueuePlace;
  /** Called once per job; may be called again for the same job after a crash, so it must be idempotent by `id`. */
  readonly handle: (payload: T) => Promise<void>;
  /** Connection errors and refused payloads. Payloads are never part of it. */
  readonly onError: (error: unknown) => void;
  readonly concurrency?: number;
}

/** Commands for a host, one at a time per call of `handle`; several at once so that one slow stop delays nobody. */
export async function consumeHostCommands(host: HostId, options: ConsumerOptions<HostCommand>): Promise<Consumer> {
  return await consume(hostQueue(host), HostCommand, { concurrency: 20, ...options });
}

/** Commands for one worker, strictly one after the other. */
export async function consumeWorkerCommands(worker: WorkerId, options: ConsumerOptions<WorkerCommand>): Promise<Consumer> {
  return await consume(workerQueue(worker), WorkerCommand, options);
}

/** Events of the fleet, strictly in order. */
export async function consumeEvents(options: ConsumerOptions<FleetEvent>): Promise<Consumer> {
  return await consume(EVENTS_QUEUE, FleetEvent, options);
}

const CLOSE_MS = 3000;

async function consume<T>(queue: string, schema: z.ZodType<T>, options: ConsumerOptions<T>): Promise<Consumer> {
  const worker = new Worker(
    queue,
    // BullMQ counts the parameters of this function to decide what to pass: keep it at one.
    async (job: Job) => {
      const parsed = schema.safeParse(job.data);
      if (!parsed.success)
        throw new UnrecoverableError(
          `refused payload of ${queue}: ${parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.code}`).join(", ")}`,
        );
      await options.handle(parsed.data);
    },
    {
      connection: patientOptions(options.place.url),
      prefix: options.place.prefix,
      concurrency: options.concurrency ?? 1,
      // The defaults take a minute to notice a killed consumer; these take about 5 s.
      lockDuration: 5000,
      stalledInterval: 2000,
      maxStalledCount: 2,
    },
  );
  worker.on("error", options.onError);
  worker.on("failed", (_job, error) => options.onError(error));
  await worker.waitUntilReady();
  return { close: () => closeWorker(worker) };
}

/**
 * Waits for the job in hand, but not for a Redis that is away (a forced close waits for it as well): then the
 * connection ends with the process, and a job that is left is taken up again at the next start.
 */
async function closeWorker(worker: Worker): Promise<void> {
  await withTimeout(worker.close(), CLOSE_MS, () => new AppError("redis-away", "Redis did not answer in time.")).catch(
    () => {},
  );
}
