/** Thrown for bytes that are no TL, and for values that do not fit their type. */
export class TlError extends Error {
  override readonly name = "TlError";
}

/** Reads TL scalars from a buffer; every read past the end is a {@link TlError}. */
export class TlReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  raw(length: number): Buffer {
    if (length < 0 || length > this.left)
      throw new TlError(`wanted ${length} bytes, ${this.left} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  rest(): Buffer {
    return this.raw(this.left);
  }

  peekId(): number {
    if (this.left < 4) throw new TlError("no constructor id is left");
    return this.#bytes.readUInt32LE(this.#at);
  }

  uint(): number {
    return this.raw(4).readUInt32LE(0);
  }

  int(): number {
    return this.raw(4).readInt32LE(0);
  }

  long(): bigint {
    return this.raw(8).readBigInt64LE(0);
  }

  double(): number {
    return this.raw(8).readDoubleLE(0);
  }

  bytes(): Buffer {
    const first = this.raw(1)[0] ?? 0;
    const length = first < 254 ? first : this.raw(3).readUIntLE(0, 3);
    const value = Buffer.from(this.raw(length));
    const used = length + (first < 254 ? 1 : 4);
    this.raw((4 - (used % 4)) % 4);
    return value;
  }
}

/** Writes TL scalars. */
export class TlWriter {
  readonly #chunks: Buffer[] = [];

  raw(bytes: Uint8Array): this {
    this.#chunks.push(Buffer.from(bytes));
    return this;
  }

  uint(value: number): this {
    const chunk = Buffer.alloc(4);
    chunk.writeUInt32LE(value >>> 0);
    return this.raw(chunk);
  }

  int(value: number): this {
    const chunk = Buffer.alloc(4);
    chunk.writeInt32LE(value);
    return this.raw(chunk);
  }

  long(value: bigint): this {
    const chunk = Buffer.alloc(8);
    chunk.writeBigInt64LE(BigInt.asIntN(64, value));
    return this.raw(chunk);
  }

  double(value: number): this {
    const chunk = Buffer.alloc(8);
    chunk.writeDoubleLE(value);
    return this.raw(chunk);
  }

  bytes(value: Uint8Array): this {
    if (value.length > 0xffffff) throw new TlError("a byte string has at most 16 MB");
    const head = value.length < 254 ? Buffer.from([value.length]) : Buffer.alloc(4, 254);
    if (value.length >= 254) head.writeUIntLE(value.length, 1, 3);
    this.raw(head).raw(value);
    return this.raw(Buffer.alloc((4 - ((head.length + value.length) % 4)) % 4));
  }

  done(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}
