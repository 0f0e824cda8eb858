import { createHash } from "node:crypto";
import { moveKey } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { z } from "zod";
import { askOnce } from "./connection.ts";
import { getPieces, setPieces } from "./pieces.ts";
import type { QueuePlace } from "./place.ts";

const ANSWER_MS = 20_000;
/** Milliseconds until the parts expire; a move that takes longer packs once more. */
const KEPT_MS = 15 * 60_000;
const TABLE = "move";

const Head = z.object({
  parts: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Leaves the sealed bytes of a move in Redis, in parts. The signed head comes last: it proves
 * them all, and without it there is nothing. Throws AppError `redis-away`.
 */
export async function leaveMove(
  { redis: address, prefix, wire }: QueuePlace,
  move: string,
  sealed: Buffer,
  keptMs = KEPT_MS,
): Promise<void> {
  await askOnce(address, ANSWER_MS, async (redis) => {
    const parts = await setPieces(redis, (n) => moveKey(prefix, move, String(n)), sealed, keptMs);
    const head = wire.signRow(TABLE, move, { parts, sha256: digestOf(sealed) });
    await redis.set(moveKey(prefix, move, "head"), head, "PX", keptMs);
  });
}

/**
 * The bytes of {@link leaveMove}; they stay, for a host that dies before it has them in place.
 * Throws AppError `move-parcel-gone` (expired, changed, or another move wrote over them),
 * `redis-away`.
 */
export async function takeMove(
  { redis: address, prefix, wire }: QueuePlace,
  move: string,
): Promise<Buffer> {
  return await askOnce(address, ANSWER_MS, async (redis) => {
    const text = await redis.get(moveKey(prefix, move, "head"));
    const head = text === null ? undefined : Head.safeParse(wire.openRow(TABLE, move, text)).data;
    if (!head) throw gone(move);
    const sealed = await getPieces(redis, (n) => moveKey(prefix, move, String(n)), head.parts);
    if (sealed === null || digestOf(sealed) !== head.sha256) throw gone(move);
    return sealed;
  });
}

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function gone(move: string): AppError {
  const text = "What the old host packed is not in Redis any more, so nothing was put in place.";
  return new AppError("move-parcel-gone", text, { details: { move } });
}
