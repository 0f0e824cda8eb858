import { createHash } from "node:crypto";
import { moveKey } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { z } from "zod";
import { askOnce } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import type { Slot } from "./wire.ts";

const ANSWER_MS = 20_000;
/** Bytes of a part: Redis serves others between two of them. */
const PART_BYTES = 256 * 1024;
/** Milliseconds until the parts expire; a move that takes longer packs once more. */
const KEPT_MS = 15 * 60_000;
const TABLE = "move";

const Head = z.object({
  parts: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/**
 * Leaves the sealed bytes of a move in Redis, in parts. The head comes last: without it there is
 * nothing. Throws AppError `redis-away`.
 */
export async function leaveMove(
  { redis: address, prefix, wire }: QueuePlace,
  move: string,
  sealed: Buffer,
  keptMs = KEPT_MS,
): Promise<void> {
  const parts = Math.max(1, Math.ceil(sealed.length / PART_BYTES));
  await askOnce(address, ANSWER_MS, async (redis) => {
    for (let n = 0; n < parts; n += 1) {
      const part = sealed.subarray(n * PART_BYTES, (n + 1) * PART_BYTES);
      const signed = wire.signBytes(slotOf(move, n), part);
      await redis.set(moveKey(prefix, move, String(n)), signed, "PX", keptMs);
    }
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
    const taken: Buffer[] = [];
    for (let n = 0; n < head.parts; n += 1) {
      const signed = await redis.getBuffer(moveKey(prefix, move, String(n)));
      const part = signed && wire.openBytes(slotOf(move, n), signed);
      if (!part) throw gone(move);
      taken.push(part);
    }
    const sealed = Buffer.concat(taken);
    if (digestOf(sealed) !== head.sha256) throw gone(move);
    return sealed;
  });
}

const slotOf = (move: string, n: number): Slot => ({ queue: TABLE, id: move, name: String(n) });

const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

function gone(move: string): AppError {
  const text = "What the old host packed is not in Redis any more, so nothing was put in place.";
  return new AppError("move-parcel-gone", text, { details: { move } });
}
