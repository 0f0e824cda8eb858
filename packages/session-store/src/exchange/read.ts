import { closeSync, openSync, readSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import type { ReadAccess } from "@flotilla/sqlite";
import { columnsOf, isWhole, refusesFile, withAttached } from "../file/attached.ts";
import { scratchIn, withPrivateTemp } from "../file/files.ts";
import { refused } from "../keys/refusals.ts";
import type { ParsedSession } from "../session/parsed.ts";
import { withCopy } from "./copy.ts";
import { readFolder, refuseTdataFile } from "./folder.ts";
import { readMtcuteFile } from "./mtcute.ts";
import { readOwn } from "./own-file.ts";
import { readPyrogram } from "./pyrogram-file.ts";
import { MAX_PASTE, parseSessionString } from "./strings.ts";
import { readTelethon } from "./telethon-file.ts";

/**
 * Where a session to import comes from. A text is never an argument of a process: others can read
 * those.
 */
export type ImportSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "text"; readonly text: string }
  /** The content of a file that came without one. */
  | { readonly kind: "bytes"; readonly bytes: Buffer };

/** First bytes of every SQLite file (https://sqlite.org/fileformat.html#magic_header_string). */
const MAGIC = Buffer.from("SQLite format 3\0");

/**
 * Reads and checks a session of another program, or one of ours; the source is only read, by way of
 * a copy. `fleetKey` is for files of ours, `tempParent` gets the copy for as long as it is needed.
 * Throws AppError with an `ImportErrorCode`.
 */
export function readSession(
  source: ImportSource,
  fleetKey: Buffer,
  tempParent: string,
): ParsedSession {
  if (source.kind === "text") return parseSessionString(source.text);
  if (source.kind === "bytes") return readBytes(source.bytes, fleetKey, tempParent);
  if (isFolder(source.path)) return readFolder(source.path);
  const start = readStart(source.path);
  if (start.length === 0) throw refused("import-not-logged-in", { details: { bytes: 0 } });
  if (start.subarray(0, MAGIC.length).equals(MAGIC))
    return withCopy(source.path, tempParent, (copy) => readDatabase(copy, fleetKey));
  refuseTdataFile(start);
  if (start.length > MAX_PASTE) throw refused("import-unknown-format");
  return parseSessionString(
    start.toString(start[0] === 0xff && start[1] === 0xfe ? "utf16le" : "utf8"),
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function readBytes(bytes: Buffer, fleetKey: Buffer, tempParent: string): ParsedSession {
  return withPrivateTemp((dir) => {
    const path = join(dir, "given");
    scratchIn(dir, () => writeFileSync(path, bytes, { mode: 0o600 }));
    return readSession({ kind: "file", path }, fleetKey, dir);
  }, tempParent);
}

function readDatabase(copy: string, fleetKey: Buffer): ParsedSession {
  try {
    return withAttached(copy, (db) => {
      if (!isWhole(db)) throw refused("import-damaged");
      return readTables(db, fleetKey);
    });
  } catch (error) {
    if (refusesFile(error))
      throw refused("import-unreadable", { cause: error, details: { why: error.code } });
    if (error instanceof AppError && error.code.startsWith("sqlite-"))
      throw refused("import-damaged", { cause: error });
    throw error;
  }
}

function readTables(db: ReadAccess, fleetKey: Buffer): ParsedSession {
  const sessions = columnsOf(db, "sessions");
  const has = (...names: string[]): boolean => names.every((name) => sessions.has(name));
  if (has("dc_id", "test_mode", "auth_key", "user_id", "is_bot")) return readPyrogram(db);
  if (has("dc_id", "server_address", "port", "auth_key")) return readTelethon(db);
  if (columnsOf(db, "auth_keys").has("dc") && columnsOf(db, "key_value").has("value"))
    return readMtcuteFile(db);
  if (columnsOf(db, "auth_key").has("fleet_key_id") && columnsOf(db, "fence").has("number"))
    return readOwn(db, fleetKey);
  throw refused("import-unknown-format");
}

function readStart(path: string): Buffer {
  try {
    if (!statSync(path).isFile())
      throw refused("import-unreadable", { details: { why: "not a file" } });
    const descriptor = openSync(path, "r");
    try {
      const buffer = Buffer.alloc(MAX_PASTE + 16);
      return buffer.subarray(0, readSync(descriptor, buffer));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw refused("import-unreadable", {
      cause: error,
      details: { why: (error as NodeJS.ErrnoException).code ?? "unknown" },
    });
  }
}
