/** Random objects of GramJS's schema as bytes, with the place of every object in them. */
import type { Field, Line, Lines } from "../../src/wire/lines.ts";

export interface Spot {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  /** True = an element of a vector; otherwise a field. */
  readonly isElement: boolean;
}

export interface Written {
  readonly bytes: Buffer;
  readonly spots: readonly Spot[];
}

/** Pseudo-random numbers from a seed. */
export function numbersFrom(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const WORDS = [
  "",
  "BUY",
  "сигнал",
  "比特币大涨",
  "x".repeat(300),
  "a",
  "take profit 42,000",
  "🚀",
  "https://example.org/a?b=c",
];

export class RandomTl {
  readonly #lines: Lines;
  readonly #below: (limit: number) => number;
  #chunks: Buffer[] = [];
  #at = 0;
  #spots: Spot[] = [];

  constructor(lines: Lines, below: (limit: number) => number) {
    this.#lines = lines;
    this.#below = below;
  }

  /** One object of this constructor. */
  object(type: string, name?: string): Written {
    this.#chunks = [];
    this.#at = 0;
    this.#spots = [];
    this.#boxed(type, 0, false, name);
    return { bytes: Buffer.concat(this.#chunks), spots: this.#spots };
  }

  #boxed(type: string, depth: number, isElement: boolean, name?: string): void {
    const start = this.#at;
    const [id, line] = this.#pick(type, depth, name);
    this.#uint(id);
    const flags: Record<string, number> = {};
    for (const { kind, name: field } of line.fields)
      if (kind === "flags") flags[field] = this.#flagBits(depth);
    for (const field of line.fields) {
      if (field.flag && !((flags[field.flag.of] ?? 0) & (1 << field.flag.bit))) continue;
      if (field.kind === "flags") this.#uint(flags[field.name] ?? 0);
      else if (field.isVector) this.#vector(field, depth);
      else this.#one(field, depth, false);
    }
    this.#spots.push({ type, start, end: this.#at, isElement });
  }

  #pick(type: string, depth: number, name?: string): [number, Line] {
    const all = [...(this.#lines.of(type) ?? [])];
    const cheap = all.toSorted((a, b) => a[1].fields.length - b[1].fields.length);
    const found =
      all.find(([, line]) => line.name === name) ??
      (depth > 3 ? cheap[0] : all[this.#below(all.length)]);
    if (!found) throw new Error(`no constructor of ${type}`);
    return found;
  }

  #flagBits(depth: number): number {
    let bits = 0;
    for (let bit = 0; bit < 31; bit++) if (this.#below(depth > 2 ? 12 : 4) === 0) bits |= 1 << bit;
    return bits;
  }

  #vector(field: Field, depth: number): void {
    this.#uint(0x1cb5c415);
    const most = depth > 2 ? 2 : 4;
    const count = this.#below(depth === 0 ? 6 : most);
    this.#uint(count);
    for (let index = 0; index < count; index++) this.#one(field, depth, true);
  }

  #one({ type, kind }: Field, depth: number, isElement: boolean): void {
    if (kind === "boxed") this.#boxed(type, depth + 1, isElement);
    else if (type === "int")
      this.#uint(1 + (this.#below(3) === 0 ? this.#below(100) : this.#below(2 ** 31 - 1)));
    else if (type === "Bool") this.#uint(this.#below(2) ? 0x997275b5 : 0xbc799737);
    else if (type === "string" || type === "bytes")
      this.#bytes(Buffer.from(WORDS[this.#below(WORDS.length)] ?? ""));
    else if (kind !== "true") {
      const size = { long: 8, double: 8, int128: 16, int256: 32 }[type] ?? 4;
      for (let left = size; left > 0; left -= 4)
        this.#uint(type === "double" ? left : this.#below(2 ** 31));
    }
  }

  #bytes(value: Buffer): void {
    const head = value.length < 254 ? Buffer.from([value.length]) : Buffer.alloc(4, 254);
    if (value.length >= 254) head.writeUIntLE(value.length, 1, 3);
    this.#raw(
      Buffer.concat([head, value, Buffer.alloc((4 - ((head.length + value.length) % 4)) % 4)]),
    );
  }

  #uint(value: number): void {
    const four = Buffer.alloc(4);
    four.writeUInt32LE(value >>> 0);
    this.#raw(four);
  }

  #raw(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#at += bytes.length;
  }
}
