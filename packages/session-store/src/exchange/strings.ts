import { AppError, encodedTexts } from "@flotilla/kernel";
import { checkAddress, checkDc, checkFlags, checkKey, checkUserId } from "../keys/checks.ts";
import { refused } from "../keys/refusals.ts";
import { NOTHING_KNOWN, type ParsedSession } from "../session/parsed.ts";
import { isMtcute, parseMtcute } from "./mtcute.ts";

const KEY = 256;
const TELETHON_V4 = 1 + 4 + 2 + KEY;
const TELETHON_V6 = 1 + 16 + 2 + KEY;
const GRAMJS_HEAD = 1 + 2;
const GRAMJS_FIXED = GRAMJS_HEAD + 2 + KEY;
const PYROGRAM = 1 + 4 + 1 + KEY + 8 + 1;
const PYROGRAM_OLD_32 = 1 + 1 + KEY + 4 + 1;
const PYROGRAM_OLD_64 = 1 + 1 + KEY + 8 + 1;
/**
 * How Telegram's IPv6 addresses begin. A GramJS string with a damaged length can be as long, and
 * begins otherwise.
 */
const TELEGRAM_V6: ReadonlySet<number> = new Set([0x2001, 0x2a0a]);
/** A shorter text is not even a part of a session string worth the name. */
const MIN_STRING = 200;
/** Real ones are far above. */
const LOWEST_USER_ID = 1000n;
/** Longest session string: GramJS with the longest host name there can be. */
const MAX_STRING = 1024;
/**
 * Longest text with a session string in it: what is around it may be a mail, or a part of a
 * program.
 */
export const MAX_PASTE = 64 * 1024;

/**
 * Reads a session string of GramJS, Telethon, Pyrogram or mtcute (layouts: docs/gramjs.md, from the
 * programs' sources) out of a text: with quotes, a code fence, a byte order mark, line breaks or
 * `NAME=` around it (field fault C2). Throws AppError with an `ImportErrorCode`; no part of the
 * string is in it.
 */
export function parseSessionString(text: string): ParsedSession {
  if (text.trim() === "") throw refused("import-not-logged-in");
  const meant = encodedTexts(text.slice(0, MAX_PASTE), MIN_STRING).filter(
    ({ length }) => length <= MAX_STRING,
  );
  const results = meant.map(attempt);
  const [first] = results;
  const found =
    results.find((each) => !(each instanceof AppError)) ??
    first ??
    refused("import-unknown-format");
  if (found instanceof AppError) throw found;
  return found;
}

function attempt(text: string): ParsedSession | AppError {
  try {
    if (text.startsWith("1")) return parseWithAddress(decode(text.slice(1)));
    const bytes = decode(text);
    return isMtcute(bytes) ? parseMtcute(bytes) : parsePyrogram(bytes);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** GramJS and Telethon both begin with `1`; the length that GramJS writes tells them apart. */
function parseWithAddress(bytes: Buffer): ParsedSession {
  if (bytes.length > GRAMJS_FIXED && bytes.readInt16BE(1) === bytes.length - GRAMJS_FIXED)
    return parseGramJs(bytes);
  const start = bytes.readUInt16BE(1);
  if (bytes.length === TELETHON_V6 && TELEGRAM_V6.has(start))
    return parseTelethon(bytes, groups(bytes.subarray(1, 17)));
  // A longer string that lost its end can have this length too: GramJS's length begins with 0,
  // which no address does.
  if (bytes.length === TELETHON_V4 && start > 0xff && !TELEGRAM_V6.has(start))
    return parseTelethon(bytes, [...bytes.subarray(1, 5)].join("."));
  throw refused("import-malformed", { details: { part: "length", bytes: bytes.length } });
}

function parseGramJs(bytes: Buffer): ParsedSession {
  const address = bytes.subarray(GRAMJS_HEAD, bytes.length - KEY - 2).toString("latin1");
  if (!/^[A-Za-z0-9.:_-]+$/.test(address))
    throw refused("import-malformed", { details: { part: "address" } });
  return { ...NOTHING_KNOWN, format: "gramjs-string", ...placeAndKey(bytes, address) };
}

function parseTelethon(bytes: Buffer, address: string): ParsedSession {
  return { ...NOTHING_KNOWN, format: "telethon-string", ...placeAndKey(bytes, address) };
}

function placeAndKey(bytes: Buffer, address: string): { dcId: number; authKey: Buffer } {
  const dcId = checkDc(bytes.readUInt8(0));
  checkAddress(address);
  if (bytes.readUInt16BE(bytes.length - KEY - 2) === 0)
    throw refused("import-malformed", { details: { part: "port" } });
  return { dcId, authKey: checkKey(bytes.subarray(-KEY)) };
}

/** `>BI?256sQ?`, and before version 2 `>B?256sI?` or `>B?256sQ?`. */
function parsePyrogram(bytes: Buffer): ParsedSession {
  const old = bytes.length === PYROGRAM_OLD_32 || bytes.length === PYROGRAM_OLD_64;
  if (bytes.length !== PYROGRAM && !old) {
    throw refused("import-malformed", { details: { part: "length", bytes: bytes.length } });
  }
  // A string of version 2 that lost its end can be as long as an old one. Its flag for test servers
  // would then be the fourth byte of the key: one of 256 old strings is refused for this, which is
  // better than a key that is none.
  if (old && bytes.readUInt8(5) === 0)
    throw refused("import-malformed", { details: { part: "end", bytes: bytes.length } });
  const head = old ? 2 : 6;
  const dcId = checkDc(bytes.readUInt8(0));
  checkFlags({ testMode: bytes.readUInt8(head - 1), isBot: bytes.readUInt8(bytes.length - 1) });
  const id =
    bytes.length === PYROGRAM_OLD_32
      ? BigInt(bytes.readUInt32BE(head + KEY))
      : bytes.readBigUInt64BE(head + KEY);
  // What an old string with a long id has left when it lost its end is 0, or a number too small for
  // an account.
  if (id < LOWEST_USER_ID) throw refused("import-malformed", { details: { part: "user id" } });
  const apiId = old ? null : bytes.readUInt32BE(1) || null;
  const authKey = checkKey(bytes.subarray(head, head + KEY));
  return {
    ...NOTHING_KNOWN,
    format: "pyrogram-string",
    dcId,
    authKey,
    userId: checkUserId(id),
    apiId,
  };
}

/**
 * Both alphabets; only what an encoder can have written, so that a lost or changed last character
 * shows.
 */
function decode(text: string): Buffer {
  const body = text.replace(/=+$/, "");
  const bytes = Buffer.from(body, "base64");
  if (bytes.toString("base64url") === body.replaceAll("+", "-").replaceAll("/", "_")) return bytes;
  throw refused("import-malformed", { details: { part: "encoding" } });
}

function groups(address: Buffer): string {
  return address.toString("hex").replace(/.{4}(?!$)/g, "$&:");
}
