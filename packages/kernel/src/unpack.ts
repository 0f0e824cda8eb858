import { inflateRawSync, unzipSync } from "node:zlib";

/**
 * Unpacks gzip, zlib or bare deflate; servers send all three as MTProto's `gzip_packed`. Throws
 * when the bytes are none of these, are cut short, or unpack to more than `maxBytes`.
 */
export function unpack(packed: Uint8Array, maxBytes: number): Buffer {
  const limit = { maxOutputLength: maxBytes };
  try {
    return unzipSync(packed, limit);
  } catch (error) {
    if (isTooLong(error)) throw error;
    // zlib finds no header. The first bytes of bare deflate can also look like one.
    return inflateRawSync(packed, limit);
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof RangeError;
}
