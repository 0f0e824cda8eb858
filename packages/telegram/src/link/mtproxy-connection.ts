import { randomBytes } from "node:crypto";
import { Connection } from "telegram/network/index.js";

interface ByteReader {
  readExactly(size: number): Promise<Buffer>;
}

/** Longest accepted packet in bytes; a greater length is not a packet. */
const MAX_PACKET = 16 * 1024 * 1024;

/** Length in four bytes, the packet, up to 15 random bytes. In the form of GramJS's codecs. */
class PaddedCodec {
  encodePacket(data: Buffer): Buffer {
    const padding = randomBytes(randomBytes(1).readUInt8() % 16);
    const head = Buffer.alloc(4);
    head.writeUInt32LE(data.length + padding.length);
    return Buffer.concat([head, data, padding]);
  }

  async readPacket(reader: ByteReader): Promise<Buffer> {
    const length = (await reader.readExactly(4)).readUInt32LE() & 0x7fffffff;
    if (length < 4 || length > MAX_PACKET) throw new RangeError("the stream is broken");
    return trim(await reader.readExactly(length));
  }
}

/**
 * A transport error is four bytes; an encrypted packet 24 + 16k; a plain one contains its length
 * after 16.
 */
function trim(packet: Buffer): Buffer {
  if (packet.length < 24) return packet.subarray(0, 4);
  if (packet.readBigUInt64LE(0) === 0n) return packet.subarray(0, 20 + packet.readUInt32LE(16));
  return packet.subarray(0, 24 + 16 * Math.floor((packet.length - 24) / 16));
}

/**
 * GramJS's connection over the transport of an MTProxy. Its socket obfuscates the bytes ({@link
 * obfuscate}).
 */
export class MtProxyConnection extends Connection {
  override PacketCodecClass = PaddedCodec as never;
}
