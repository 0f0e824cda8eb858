import { randomUUID } from "node:crypto";
import { BOT_REQUESTS_QUEUE, BotAnswer, BotRequest } from "@flotilla/contracts";
import { AppError, toError, withTimeout } from "@flotilla/kernel";
import { type Job, Queue, QueueEvents, UnrecoverableError, Worker } from "bullmq";
import { patientOptions, promptOptions } from "./connection.ts";
import type { Consumer } from "./consume.ts";
import type { QueuePlace } from "./place.ts";

/** How long an answer is kept for the one who asked. */
const KEEP = { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } } as const;
/** Nobody asks more at a time. */
const KEPT_EVENTS = 100;
const CLOSE_MS = 2000;
const CONNECT_MS = 10_000;
/** Whoever asked is about to end anyway; a blocking read would keep it for seconds. */
const LEAVE_MS = 100;

/** The bot's side: answers one request after the other. What `handle` throws reaches the one who asked as a refusal. */
export function answerBotRequests(
  place: QueuePlace,
  handle: (request: BotRequest) => Promise<BotAnswer>,
  onError: (error: unknown) => void,
): Consumer {
  const worker = new Worker(
    BOT_REQUESTS_QUEUE,
    // BullMQ counts the parameters of this function to decide what to pass: keep it at one.
    async (job: Job) => {
      const parsed = BotRequest.safeParse(job.data);
      if (!parsed.success) throw new UnrecoverableError("The bot does not know this request, or its data is not valid.");
      return await handle(parsed.data);
    },
    { connection: patientOptions(place.url), prefix: place.prefix, lockDuration: 5000, stalledInterval: 2000 },
  );
  worker.on("error", onError);
  return {
    close: async () => {
      const late = (): Error => new AppError("redis-away", "Redis did not answer in time.");
      await withTimeout(worker.close(), CLOSE_MS, late).catch(() => {});
    },
  };
}

/**
 * Asks the bot and waits for its answer, `timeoutMs` from the moment that Redis has the request. Throws AppError `bot-silent` when none
 * came in time (then nothing was done: the request is taken back), `redis-away` (no connection within 10 s), `bot-refused`.
 */
export async function askBot(place: QueuePlace, request: BotRequest, timeoutMs: number): Promise<BotAnswer> {
  const { prefix } = place;
  const streams = { events: { maxLen: KEPT_EVENTS } };
  const queue = new Queue(BOT_REQUESTS_QUEUE, { connection: promptOptions(place.url), prefix, streams });
  // From the beginning: "ready" is said before the first read, and an answer that comes in between would be waited for in vain.
  const events = new QueueEvents(BOT_REQUESTS_QUEUE, {
    connection: patientOptions(place.url),
    prefix,
    lastEventId: "0-0",
  });
  queue.on("error", () => {});
  events.on("error", () => {});
  const away = (): Error =>
    new AppError("redis-away", "Redis cannot be reached, so the bot cannot be asked. Start it, or correct REDIS_URL.");
  try {
    await withTimeout(Promise.all([queue.waitUntilReady(), events.waitUntilReady()]), CONNECT_MS, away);
    const job = await queue.add(request.kind, request, { jobId: randomUUID(), ...KEEP });
    return BotAnswer.parse(await answerTo(job, events, timeoutMs));
  } finally {
    await Promise.allSettled([withTimeout(events.close(), LEAVE_MS, away), withTimeout(queue.close(), LEAVE_MS, away)]);
  }
}

async function answerTo(job: Job, events: QueueEvents, timeoutMs: number): Promise<unknown> {
  try {
    return await job.waitUntilFinished(events, timeoutMs);
  } catch (error) {
    if (await job.isFailed()) throw new AppError("bot-refused", toError(error).message);
    // Taken back unless the bot has it in hand at this moment.
    await job.remove().catch(() => {});
    throw new AppError("bot-silent", "The bot did not answer. Is it running? Routes are changed by the bot alone.");
  }
}
