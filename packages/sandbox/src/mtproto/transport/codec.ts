import { crc32 } from "node:zlib";

/**
 * How packets are cut out of a TCP stream (https://core.telegram.org/mtproto/mtproto-transports).
 */
export interface Framing {
  readonly name: "full" | "abridged" | "intermediate" | "padded-intermediate";
  /**
   * Takes the first whole packet off `buffered`. Null: wait for more bytes. Throws RangeError for a
   * broken stream.
   */
  take(buffered: Buffer): { packet: Buffer; used: number } | null;
  /** Bytes of one packet to the client. */
  wrap(packet: Buffer): Buffer;
}

/** Longest packet a client may send. */
const MAX_PACKET = 16 * 1024 * 1024;

function checkLength(length: number): void {
  if (length < 4 || length > MAX_PACKET)
    throw new RangeError(`a packet of ${length} bytes is not possible`);
}

/** Length, counter, payload, CRC-32. */
export function fullFraming(): Framing {
  let outgoing = 0;
  return {
    name: "full",
    take(buffered) {
      if (buffered.length < 4) return null;
      const length = buffered.readUInt32LE(0);
      checkLength(length - 12);
      if (buffered.length < length) return null;
      if (crc32(buffered.subarray(0, length - 4)) !== buffered.readUInt32LE(length - 4))
        throw new RangeError("wrong checksum");
      return { packet: buffered.subarray(8, length - 4), used: length };
    },
    wrap(packet) {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(packet.length + 12, 0);
      head.writeUInt32LE(outgoing++, 4);
      const tail = Buffer.alloc(4);
      tail.writeUInt32LE(crc32(packet, crc32(head)));
      return Buffer.concat([head, packet, tail]);
    },
  };
}

/** Length in words: one byte, or 0x7f and three. */
export function abridgedFraming(): Framing {
  return {
    name: "abridged",
    take(buffered) {
      if (buffered.length < 4) return null;
      const first = (buffered[0] ?? 0) & 0x7f;
      const head = first === 0x7f ? 4 : 1;
      const length = 4 * (first === 0x7f ? buffered.readUIntLE(1, 3) : first);
      checkLength(length);
      if (buffered.length < head + length) return null;
      return { packet: buffered.subarray(head, head + length), used: head + length };
    },
    wrap(packet) {
      const words = packet.length / 4;
      if (words < 0x7f) return Buffer.concat([Buffer.from([words]), packet]);
      const head = Buffer.alloc(4, 0x7f);
      head.writeUIntLE(words, 1, 3);
      return Buffer.concat([head, packet]);
    },
  };
}

function lengthPrefixed(
  name: "intermediate" | "padded-intermediate",
  trim: (packet: Buffer) => Buffer,
): Framing {
  return {
    name,
    take(buffered) {
      if (buffered.length < 4) return null;
      const length = buffered.readUInt32LE(0) & 0x7fffffff;
      checkLength(length);
      if (buffered.length < 4 + length) return null;
      return { packet: trim(buffered.subarray(4, 4 + length)), used: 4 + length };
    },
    wrap(packet) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(packet.length);
      return Buffer.concat([head, packet]);
    },
  };
}

/** Length in four bytes. */
export function intermediateFraming(): Framing {
  return lengthPrefixed("intermediate", (packet) => packet);
}

/** Like intermediate, with up to 15 random bytes behind a packet. */
export function paddedFraming(): Framing {
  return lengthPrefixed("padded-intermediate", trimPadding);
}

/** An encrypted packet is 24 + 16k bytes; a plain one tells its own length after 16. */
function trimPadding(packet: Buffer): Buffer {
  if (packet.length < 24) return packet;
  if (packet.readBigUInt64LE(0) === 0n) return packet.subarray(0, 20 + packet.readUInt32LE(16));
  return packet.subarray(0, 24 + 16 * Math.floor((packet.length - 24) / 16));
}
