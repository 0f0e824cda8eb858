import type { ReadAccess } from "@flotilla/sqlite";
import { checkAddress, checkDc, checkFlags, checkKey, checkUserId } from "../keys/checks.ts";
import { refused } from "../keys/refusals.ts";
import { NOTHING_KNOWN, type ParsedSession } from "../session/parsed.ts";

/**
 * First byte of a string of mtcute, and of no other program's: there it is the number of a data
 * centre, or `1` is before it.
 */
export const MTCUTE_VERSION = 3;
const HAS_SELF = 1;
const TEST_BEFORE = 2;
const HAS_MEDIA = 4;
const DC_IS_TEST = 4;
const TRUE = 0x997275b5;

/**
 * Whether the bytes are laid out as mtcute writes them: flags of four bytes, then the bytes of a
 * data centre.
 */
export function isMtcute(bytes: Buffer): boolean {
  return (
    bytes.length > 10 &&
    bytes[0] === MTCUTE_VERSION &&
    bytes.readUInt32LE(1) < 8 &&
    (bytes[6] === 1 || bytes[6] === 2)
  );
}

/**
 * Reads a session string of mtcute, version 3 (`writeStringSession` of @mtcute/core). Throws
 * AppError with an `ImportErrorCode`.
 */
export function parseMtcute(bytes: Buffer): ParsedSession {
  const reader = new TlReader(bytes, 1);
  const flags = reader.int();
  const { id, isTest, address } = dcOf(reader.bytes());
  if ((flags & HAS_MEDIA) !== 0) reader.bytes();
  const self =
    (flags & HAS_SELF) === 0
      ? null
      : { userId: reader.long(), isBot: Number(reader.int() >>> 0 === TRUE) };
  checkFlags({ testMode: Number(isTest || (flags & TEST_BEFORE) !== 0), isBot: self?.isBot ?? 0 });
  checkAddress(address);
  const authKey = checkKey(reader.bytes());
  reader.end();
  return {
    ...NOTHING_KNOWN,
    format: "mtcute-string",
    dcId: checkDc(id),
    authKey,
    userId: self && checkUserId(self.userId),
  };
}

/**
 * Reads the attached file of mtcute's `SqliteStorage`. Throws AppError with an `ImportErrorCode`.
 */
export function readMtcuteFile(db: ReadAccess): ParsedSession {
  const value = (key: string): Buffer | null =>
    db.readOne<{ value: Buffer }>(
      "SELECT value FROM source.key_value WHERE key = ? AND typeof(value) = 'blob'",
      [key],
    )?.value ?? null;
  const stored = value("dc_main");
  if (!stored) throw refused("import-not-logged-in");
  const { id, isTest, address } = dcOf(stored);
  const self = value("current_user");
  const known = self && self.length >= 16 && self.readInt32LE(0) === 1 ? self : null;
  checkFlags({ testMode: Number(isTest), isBot: (known?.readInt32LE(4) ?? 0) & 1 });
  checkAddress(address);
  const key = db.readOne<{ key: Buffer }>(
    "SELECT key FROM source.auth_keys WHERE dc = ? AND typeof(key) = 'blob'",
    [id],
  )?.key;
  const authKey = checkKey(key ?? Buffer.alloc(0));
  const userId = known && checkUserId(known.readBigInt64LE(8));
  return { ...NOTHING_KNOWN, format: "mtcute-file", dcId: checkDc(id), authKey, userId };
}

function dcOf(bytes: Buffer): { id: number; isTest: boolean; address: string } {
  const [version = 0, id = 0, flags = 0] = bytes;
  const address = new TlReader(bytes, 3).bytes().toString("latin1");
  return { id, isTest: version === 2 && (flags & DC_IS_TEST) !== 0, address };
}

/** Numbers and bytes as TL writes them (https://core.telegram.org/mtproto/TL). */
class TlReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  int(): number {
    return this.#take(4).readInt32LE(0);
  }

  long(): bigint {
    return this.#take(8).readBigInt64LE(0);
  }

  bytes(): Buffer {
    const start = this.#at;
    const first = this.#take(1).readUInt8(0);
    const length = first < 254 ? first : this.#take(3).readUIntLE(0, 3);
    const content = this.#take(length);
    // Padded to a multiple of four.
    this.#take((4 - ((this.#at - start) % 4)) % 4);
    return content;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw tooShort(this.#bytes.length);
  }

  #take(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw tooShort(this.#bytes.length);
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

function tooShort(bytes: number): Error {
  return refused("import-malformed", { details: { part: "length", bytes } });
}
