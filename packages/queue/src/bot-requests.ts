import { randomUUID } from "node:crypto";
import { BOT_REQUESTS_QUEUE, BotAnswer, BotRequest } from "@flotilla/contracts";
import { AppError, toError, withTimeout } from "@flotilla/kernel";
import { type Job, Queue, QueueEvents, UnrecoverableError } from "bullmq";
import { patientRedis, promptRedis } from "./connection.ts";
import type { Consumer } from "./consume.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer, redisAway, troubleOf } from "./redis-trouble.ts";
import { isRedelivered, refuse, TolerantWorker, withoutUnreadable } from "./tolerant-worker.ts";
import type { Signed, Slot } from "./wire.ts";

/** Seconds that an answer is kept for its requester. */
const KEEP = { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } } as const;
/** Entries kept in the event stream; there are never more requests under way. */
const KEPT_EVENTS = 100;
const CLOSE_MS = 2000;
const CONNECT_MS = 10_000;
/**
 * Milliseconds for an orderly close: the requester is about to exit, and a blocking read would
 * delay it by seconds.
 */
const LEAVE_MS = 100;

/** The bot's side: handles requests. */
export interface AnswerOptions {
  /** A thrown error reaches the requester as a refusal. */
  readonly handle: (request: BotRequest) => Promise<BotAnswer>;
  readonly onError: (error: unknown) => void;
  /**
   * Whether a request with this id is new. Remembers ids over restarts for at least {@link
   * REQUEST_GOOD_FOR_MS}.
   */
  readonly isNew: (id: string) => boolean;
}

/**
 * Milliseconds that a request is valid. A requester waits for seconds; the rest covers clocks that
 * differ.
 */
export const REQUEST_GOOD_FOR_MS = 10 * 60_000;

/**
 * Answers requests one after another, each once: a replayed request must not restore old routes.
 */
export function answerBotRequests(
  place: QueuePlace,
  { handle, onError, isNew }: AnswerOptions,
): Consumer {
  const { wire } = place;
  const redis = patientRedis(place.redis);
  redis.on("error", onError);
  /** For the redelivery of a job whose completion was lost. */
  let last: { readonly id: string; readonly answer: Signed } | null = null;
  const worker = new TolerantWorker(
    BOT_REQUESTS_QUEUE,
    // BullMQ counts the parameters of this function to decide what to pass: keep it at one.
    async (job: Job) => {
      const id = job.id ?? "";
      const opened = wire.open(
        { queue: BOT_REQUESTS_QUEUE, id, name: job.name },
        job.data,
        REQUEST_GOOD_FOR_MS,
      );
      if (opened.kind === "refused") return refuse(place, BOT_REQUESTS_QUEUE, opened.why, job);
      if (!isNew(id)) {
        if (!isRedelivered(job)) return refuse(place, BOT_REQUESTS_QUEUE, "again", job);
        if (last?.id === id) return last.answer;
        throw new UnrecoverableError(
          "The bot stopped during this request, which may have taken effect: check before you repeat it.",
        );
      }
      const parsed = BotRequest.safeParse(opened.body);
      if (!parsed.success)
        throw new UnrecoverableError(
          "The bot does not know this request, or its data is not valid.",
        );
      last = { id, answer: wire.sign(answerSlot(id), await handle(parsed.data)) };
      return last.answer;
    },
    { connection: redis, prefix: place.prefix, lockDuration: 5000, stalledInterval: 2000 },
  );
  worker.on("error", withoutUnreadable(redis, place, BOT_REQUESTS_QUEUE, onError));
  return {
    close: async () => {
      await withTimeout(worker.close(), CLOSE_MS, noAnswer).catch(() => {});
      redis.disconnect();
    },
  };
}

/**
 * Sends a request to the bot and waits for its answer, `timeoutMs` from the moment that Redis has
 * it. Throws AppError `bot-silent` when no answer came in time (the request is withdrawn and has no
 * effect), `redis-away` (no connection within 10 s), `bot-refused`.
 */
export async function askBot(
  place: QueuePlace,
  request: BotRequest,
  timeoutMs: number,
): Promise<BotAnswer> {
  const { prefix, wire } = place;
  const streams = { events: { maxLen: KEPT_EVENTS } };
  // BullMQ does not close a connection that it was given.
  const [asking, hearing] = [promptRedis(place.redis), patientRedis(place.redis)];
  const queue = new Queue(BOT_REQUESTS_QUEUE, {
    connection: asking,
    prefix,
    streams,
  });
  // Reads from the start of the stream: "ready" precedes the first read, which would miss an answer
  // that comes in between.
  const events = new QueueEvents(BOT_REQUESTS_QUEUE, {
    connection: hearing,
    prefix,
    lastEventId: "0-0",
  });
  let reason: unknown = null;
  queue.on("error", (error) => (reason = error));
  events.on("error", () => {});
  const away = (): Error => (reason === null ? noAnswer() : redisAway(troubleOf(reason), reason));
  try {
    await withTimeout(
      Promise.all([queue.waitUntilReady(), events.waitUntilReady()]),
      CONNECT_MS,
      away,
    );
    const [id, { kind }] = [randomUUID(), request];
    const signed = wire.sign({ queue: BOT_REQUESTS_QUEUE, id, name: kind }, request);
    const job = await queue.add(kind, signed, { jobId: id, ...KEEP });
    const opened = wire.open(answerSlot(id), await answerTo(job, events, timeoutMs));
    if (opened.kind === "signed") return BotAnswer.parse(opened.body);
    throw new AppError(
      "bot-unproven",
      "The answer is not from this fleet's bot, or its version differs. Check whether the " +
        "request took effect.",
    );
  } finally {
    await Promise.allSettled([
      withTimeout(events.close(), LEAVE_MS, away),
      withTimeout(queue.close(), LEAVE_MS, away),
    ]);
    asking.disconnect();
    hearing.disconnect();
  }
}

const answerSlot = (id: string): Slot => ({ queue: BOT_REQUESTS_QUEUE, id, name: "answer" });

async function answerTo(job: Job, events: QueueEvents, timeoutMs: number): Promise<unknown> {
  try {
    return await job.waitUntilFinished(events, timeoutMs);
  } catch (error) {
    if (await job.isFailed()) throw new AppError("bot-refused", toError(error).message);
    // Withdraws the request unless the bot is handling it.
    await job.remove().catch(() => {});
    throw new AppError(
      "bot-silent",
      "The bot did not answer. Is it running? Only the bot can change routes.",
    );
  }
}
