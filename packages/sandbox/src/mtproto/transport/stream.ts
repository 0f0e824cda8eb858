import { createCipheriv, createDecipheriv } from "node:crypto";
import {
  abridgedFraming,
  type Framing,
  fullFraming,
  intermediateFraming,
  paddedFraming,
} from "./codec.ts";

/** One direction's cipher; the identity for a stream that is not obfuscated. */
type Mask = (bytes: Buffer) => Buffer;

interface Detected {
  readonly framing: Framing;
  readonly used: number;
  readonly obfuscated: boolean;
  readonly unmask: Mask;
  readonly mask: Mask;
}

const plain: Mask = (bytes) => bytes;

/**
 * The server's end of one TCP stream: finds out from the first bytes which transport the client
 * speaks, then cuts packets out of what comes and frames what goes.
 */
export class TransportStream {
  #buffered: Buffer = Buffer.alloc(0);
  #detected: Detected | null = null;

  /** E.g. `full`, `obfuscated abridged`; `unknown` before the first bytes. */
  get name(): string {
    if (!this.#detected) return "unknown";
    return this.#detected.obfuscated
      ? `obfuscated ${this.#detected.framing.name}`
      : this.#detected.framing.name;
  }

  /**
   * Packets that are complete with this chunk. Throws RangeError for bytes that are no transport.
   */
  feed(chunk: Buffer): Buffer[] {
    if (this.#detected)
      this.#buffered = Buffer.concat([this.#buffered, this.#detected.unmask(chunk)]);
    else this.#detect(chunk);
    const packets: Buffer[] = [];
    for (;;) {
      const taken = this.#detected?.framing.take(this.#buffered);
      if (!taken) return packets;
      packets.push(Buffer.from(taken.packet));
      this.#buffered = this.#buffered.subarray(taken.used);
    }
  }

  /**
   * Bytes of a packet for the socket. Call it in the order of sending: both cipher and counter move
   * on.
   */
  frame(packet: Buffer): Buffer {
    if (!this.#detected) throw new RangeError("nothing can be sent before the client has spoken");
    return this.#detected.mask(this.#detected.framing.wrap(packet));
  }

  #detect(chunk: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, chunk]);
    this.#detected = detect(this.#buffered);
    if (this.#detected)
      this.#buffered = this.#detected.unmask(this.#buffered.subarray(this.#detected.used));
  }
}

function detect(bytes: Buffer): Detected | null {
  const found = (framing: Framing, used: number): Detected => ({
    framing,
    used,
    obfuscated: false,
    unmask: plain,
    mask: plain,
  });
  if (bytes[0] === 0xef) return found(abridgedFraming(), 1);
  if (bytes.length < 8) return detectShort(bytes, found);
  const first = bytes.readUInt32LE(0);
  if (first === 0xeeeeeeee) return found(intermediateFraming(), 4);
  if (first === 0xdddddddd) return found(paddedFraming(), 4);
  if (bytes.readUInt32LE(4) === 0) return found(fullFraming(), 0);
  return bytes.length < 64 ? null : detectObfuscated(bytes);
}

function detectShort(
  bytes: Buffer,
  found: (framing: Framing, used: number) => Detected,
): Detected | null {
  if (bytes.length < 4) return null;
  if (bytes.readUInt32LE(0) === 0xeeeeeeee) return found(intermediateFraming(), 4);
  if (bytes.readUInt32LE(0) === 0xdddddddd) return found(paddedFraming(), 4);
  return null;
}

/** https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation */
function detectObfuscated(bytes: Buffer): Detected {
  const head = bytes.subarray(0, 64);
  const reversed = Buffer.from(head.subarray(8, 56)).reverse();
  const incoming = createDecipheriv("aes-256-ctr", head.subarray(8, 40), head.subarray(40, 56));
  const outgoing = createCipheriv(
    "aes-256-ctr",
    reversed.subarray(0, 32),
    reversed.subarray(32, 48),
  );
  const tag = incoming.update(head).readUInt32LE(56);
  return {
    framing: framingOfTag(tag),
    used: 64,
    obfuscated: true,
    unmask: (chunk) => incoming.update(chunk),
    mask: (chunk) => outgoing.update(chunk),
  };
}

function framingOfTag(tag: number): Framing {
  if (tag === 0xefefefef) return abridgedFraming();
  if (tag === 0xeeeeeeee) return intermediateFraming();
  if (tag === 0xdddddddd) return paddedFraming();
  throw new RangeError("the first bytes are no known transport");
}
