import { botCopyKey } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { z } from "zod";
import { askOnce } from "./connection.ts";
import { getPieces, setPieces } from "./pieces.ts";
import type { QueuePlace } from "./place.ts";

/** What Redis keeps of the sealed copy of a bot's `control.db`. */
export const BotCopy = z.object({
  /** Id of the archive. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Fencing token of the bot that wrote it. */
  fence: z.number(),
  host: z.string(),
  /** When it was made, in milliseconds since the epoch. */
  at: z.number(),
  bytes: z.number().int(),
  pieces: z.number().int().min(1).max(1024),
});
export type BotCopy = z.infer<typeof BotCopy>;

/** Milliseconds that a copy stays without a newer one. */
export const BOT_COPY_TTL_MS = 14 * 24 * 3600 * 1000;
/** The largest copy in bytes: Redis keeps it in memory, twice for a moment. */
export const BOT_COPY_MOST_BYTES = 64 * 1024 * 1024;
const ANSWER_MS = 30_000;
const TABLE = "bot-copy";

/** Replaces the description unless one with a higher fencing token is there; returns the former. */
const REPLACE = `
local there = redis.call('GET', KEYS[1])
if there and tonumber(string.match(there, '^(%d+) ') or '0') > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
return 1
`;

/**
 * Replaces the copy in Redis; readers see the former one until the whole new one is there. False =
 * a bot with a higher fencing token wrote one. Throws AppError `redis-away`.
 */
export async function writeBotCopy(
  place: QueuePlace,
  about: Omit<BotCopy, "pieces" | "bytes">,
  content: Buffer,
): Promise<boolean> {
  const key = botCopyKey(place.prefix);
  return await askOnce(place.redis, ANSWER_MS, async (redis) => {
    const former = described(place, await redis.get(key));
    const keyOf = (n: number): string => pieceKey(place, about, n);
    const pieces = await setPieces(redis, keyOf, content, BOT_COPY_TTL_MS);
    const copy: BotCopy = { ...about, bytes: content.length, pieces };
    const row = place.wire.signRow(TABLE, TABLE, copy);
    const isNewest = (await redis.eval(REPLACE, 1, key, about.fence, row, BOT_COPY_TTL_MS)) === 1;
    const over = isNewest ? former : copy;
    for (let n = 0; over && n < over.pieces; n += 1) await redis.del(pieceKey(place, over, n));
    return isNewest;
  });
}

/** What the copy in Redis says of itself; null = there is none. Throws AppError `redis-away`. */
export async function findBotCopy(place: QueuePlace): Promise<BotCopy | null> {
  const text = await askOnce(place.redis, ANSWER_MS, (redis) =>
    redis.get(botCopyKey(place.prefix)),
  );
  return described(place, text);
}

/**
 * The sealed bytes of a copy. Throws AppError `archive-damaged` when a piece is not there, `redis-away`.
 */
export async function readBotCopy(place: QueuePlace, copy: BotCopy): Promise<Buffer> {
  return await askOnce(place.redis, ANSWER_MS, async (redis) => {
    const content = await getPieces(redis, (n) => pieceKey(place, copy, n), copy.pieces);
    if (content === null) throw incomplete();
    return content;
  });
}

function pieceKey({ prefix }: QueuePlace, { id }: Pick<BotCopy, "id">, n: number): string {
  return `${botCopyKey(prefix)}:${id}:${n}`;
}

function described(place: QueuePlace, text: string | null): BotCopy | null {
  if (text === null) return null;
  const row = text.slice(text.indexOf(" ") + 1);
  return BotCopy.safeParse(place.wire.openRow(TABLE, TABLE, row)).data ?? null;
}

function incomplete(): AppError {
  return new AppError(
    "archive-damaged",
    "A part of the copy of control.db in Redis is missing: the bot wrote a newer one a moment ago, " +
      " or Redis lost it. Try again; if it stays so, restore from an archive.",
  );
}
