import { createCipheriv, createDecipheriv } from "node:crypto";
import { damagedArchive } from "./errors.ts";

/** Bytes of a chunk before it is sealed; only the last one may be shorter. */
export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const SEALED_BYTES = CHUNK_BYTES + TAG_BYTES;
const NONCE_BYTES = 12;

/** What is sealed or opened, for messages and keys. */
export interface SealPlace {
  readonly path: string;
  readonly key: Buffer;
}

/**
 * Seals a stream in chunks: AES-256-GCM, the nonce is the number of the chunk and whether it is the
 * last one (STREAM, https://eprint.iacr.org/2015/189). The key is used for one stream only.
 */
export async function* sealed(
  source: AsyncIterable<Buffer>,
  key: Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  let number = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const { chunk, isLast } of cut(source, CHUNK_BYTES)) {
    if (isLast) rest = chunk;
    else yield seal(chunk, key, number++, false);
  }
  yield seal(rest, key, number, true);
}

/**
 * Opens what {@link sealed} made. Throws AppError `archive-damaged` for a chunk that is changed,
 * missing, moved or appended, before anything of it is given out.
 */
export async function* opened(
  source: AsyncIterable<Buffer>,
  { path, key }: SealPlace,
): AsyncGenerator<Buffer, void, undefined> {
  let number = 0;
  for await (const { chunk, isLast } of cut(source, SEALED_BYTES)) {
    const content = open(chunk, key, number, isLast);
    if (content === null)
      throw damagedArchive(path, `part ${number + 1} of it was changed, or its end is missing`);
    number += 1;
    yield content;
  }
}

/** Pieces of `size` bytes, and as the last one what is left: 0 to `size` bytes. */
async function* cut(
  source: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<{ readonly chunk: Buffer; readonly isLast: boolean }, void, undefined> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const piece of source) {
    waiting.push(piece);
    length += piece.length;
    if (length <= size) continue;
    let all = Buffer.concat(waiting);
    // One byte more than a chunk: only then is it known not to be the last.
    for (; all.length > size; all = all.subarray(size))
      yield { chunk: all.subarray(0, size), isLast: false };
    waiting = [all];
    length = all.length;
  }
  yield { chunk: Buffer.concat(waiting), isLast: true };
}

function seal(chunk: Buffer, key: Buffer, number: number, isLast: boolean): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(number, isLast));
  return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
}

/** Null = it does not open. */
function open(chunk: Buffer, key: Buffer, number: number, isLast: boolean): Buffer | null {
  if (chunk.length < TAG_BYTES) return null;
  const cipher = createDecipheriv("aes-256-gcm", key, nonceOf(number, isLast), {
    authTagLength: TAG_BYTES,
  });
  cipher.setAuthTag(chunk.subarray(chunk.length - TAG_BYTES));
  try {
    return Buffer.concat([
      cipher.update(chunk.subarray(0, chunk.length - TAG_BYTES)),
      cipher.final(),
    ]);
  } catch {
    return null;
  }
}

function nonceOf(number: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeUIntBE(number, NONCE_BYTES - 7, 6);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}
