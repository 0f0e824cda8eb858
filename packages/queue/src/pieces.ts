import type { RedisClient } from "./connection.ts";

/** Bytes of a piece: Redis serves others between two of them. */
const PIECE_BYTES = 256 * 1024;

/** Writes bytes in pieces that expire after `keptMs`; returns how many there are, one at least. */
export async function setPieces(
  redis: RedisClient,
  keyOf: (n: number) => string,
  bytes: Buffer,
  keptMs: number,
): Promise<number> {
  const count = Math.max(1, Math.ceil(bytes.length / PIECE_BYTES));
  for (let n = 0; n < count; n += 1) {
    const piece = bytes.subarray(n * PIECE_BYTES, (n + 1) * PIECE_BYTES);
    await redis.set(keyOf(n), piece, "PX", keptMs);
  }
  return count;
}

/** Reads the bytes of {@link setPieces}; null = a piece is not there. */
export async function getPieces(
  redis: RedisClient,
  keyOf: (n: number) => string,
  count: number,
): Promise<Buffer | null> {
  const pieces: Buffer[] = [];
  for (let n = 0; n < count; n += 1) {
    const piece = await redis.getBuffer(keyOf(n));
    if (piece === null) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
