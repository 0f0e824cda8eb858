import { isUtf8 } from "node:buffer";
import { BinaryReader } from "telegram/extensions/BinaryReader.js";

/** A value and the offset of its end. */
export interface Plain {
  readonly value: unknown;
  readonly end: number;
}

const BOOL_TRUE = 0x997275b5;
const BOOL_FALSE = 0xbc799737;
const SIZES: Readonly<Record<string, number>> = {
  int: 4,
  long: 8,
  double: 8,
  int128: 16,
  int256: 32,
};

/**
 * Reads a value without a constructor id; null when there is none. Stricter than GramJS, because it
 * also tries places where no value begins: lengths in their shortest form, padding of zeros, UTF-8
 * texts.
 */
export function readPlain(bytes: Buffer, type: string, at: number): Plain | null {
  if (type === "string" || type === "bytes") return readBytes(bytes, at, type === "string");
  if (type === "Bool") {
    const id = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
    if (id === BOOL_TRUE || id === BOOL_FALSE) return { value: id === BOOL_TRUE, end: at + 4 };
    return null;
  }
  const end = at + (SIZES[type] ?? Number.POSITIVE_INFINITY);
  if (end > bytes.length) return null;
  if (type === "int") return { value: bytes.readInt32LE(at), end };
  if (type === "double") return { value: bytes.readDoubleLE(at), end };
  return { value: new BinaryReader(bytes.subarray(at, end)).readLargeInt((end - at) * 8), end };
}

function readBytes(bytes: Buffer, at: number, isText: boolean): Plain | null {
  const first = bytes[at];
  if (first === undefined || first === 255 || at + 4 > bytes.length) return null;
  const [start, length] = first === 254 ? [at + 4, bytes.readUIntLE(at + 1, 3)] : [at + 1, first];
  if (first === 254 && length < 254) return null;
  const stop = start + length;
  const end = stop + ((4 - (stop % 4)) % 4);
  if (end > bytes.length || bytes.subarray(stop, end).some((byte) => byte !== 0)) return null;
  const value = bytes.subarray(start, stop);
  if (!isText) return { value, end };
  return isUtf8(value) ? { value: value.toString("utf8"), end } : null;
}
