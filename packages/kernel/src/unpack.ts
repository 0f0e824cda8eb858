import { inflateRawSync, unzipSync } from "node:zlib";

/**
 * Unpacks bytes of the other side: gzip, zlib, or bare deflate. All three are seen in MTProto's `gzip_packed`, whatever its
 * name says. Throws when they are none of these, are cut short, or would become longer than `maxBytes`.
 */
export function unpack(packed: Uint8Array, maxBytes: number): Buffer {
  const limit = { maxOutputLength: maxBytes };
  try {
    return unzipSync(packed, limit);
  } catch (error) {
    if (isTooLong(error)) throw error;
    // No header that zlib knows. What bare deflate begins with can also look like one.
    return inflateRawSync(packed, limit);
  }
}

function isTooLong(error: unknown): boolean {
  return error instanceof RangeError;
}
