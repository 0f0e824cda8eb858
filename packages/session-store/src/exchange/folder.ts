import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkAddress, checkDc, checkKey } from "../keys/checks.ts";
import { refused } from "../keys/refusals.ts";
import { NOTHING_KNOWN, type ParsedSession } from "../session/parsed.ts";
import type { EntityRow } from "../tables/entities.ts";

/** Files of Telegram Desktop: its folder, and what is in it. */
const TDATA = /^(tdata|key_data[0-9a-z]?|D877F783D5D3EF8C[0-9A-Z]*|A7FDF864FBC10B77[0-9A-Z]*)$/i;
/** A file of Telegram Desktop begins so. */
const TDATA_MAGIC = "TDF$";
const ZIP_MAGIC = "PK\u0003\u0004";
const MAX_FILES = 60_000;
const MAX_BYTES = 64 * 1024;

/**
 * Throws AppError `import-tdata` for the first bytes of a file of Telegram Desktop, or of an
 * archive of its folder.
 */
export function refuseTdataFile(start: Buffer): void {
  const text = start.toString("latin1");
  const isArchive = text.startsWith(ZIP_MAGIC) && /tdata\/|key_data|D877F783D5D3EF8C/.test(text);
  if (text.startsWith(TDATA_MAGIC) || isArchive) throw refused("import-tdata");
}

/**
 * Reads the folder of a GramJS `StoreSession`: one file per value, named
 * `<session>.<session>:<value>` in percent encoding, each with JSON in it. Throws AppError with an
 * `ImportErrorCode`; `import-tdata` for a folder of Telegram Desktop.
 */
export function readFolder(path: string): ParsedSession {
  const names = readdirSync(path);
  if (names.some((name) => TDATA.test(name)) || /(^|[\\/])tdata[\\/]?$/i.test(path))
    throw refused("import-tdata");
  const values = names.slice(0, MAX_FILES).flatMap((name) => fileValue(path, name));
  const sessions = new Set(
    values.filter(({ key }) => key === "authKey").map(({ session }) => session),
  );
  const [session, second] = sessions;
  if (second !== undefined)
    throw refused("import-malformed", { details: { part: "several keys" } });
  if (session === undefined)
    throw values.some(({ key }) => key === "dcId")
      ? refused("import-not-logged-in")
      : refused("import-unreadable", { details: { why: "not a file" } });
  return parse(
    new Map(
      values.filter((each) => each.session === session).map(({ key, value }) => [key, value]),
    ),
  );
}

interface Value {
  readonly session: string;
  readonly key: string;
  readonly value: unknown;
}

/** What the file of a value holds; nothing when it is none. */
function fileValue(folder: string, name: string): Value[] {
  try {
    const [, area = "", key = ""] =
      /^(.+?)[^\w-]((?:authKey|dcId|port|serverAddress)|-?\d+)$/s.exec(decodeURIComponent(name)) ??
      [];
    const file = join(folder, name);
    if (key === "" || !statSync(file).isFile() || statSync(file).size > MAX_BYTES) return [];
    return [{ session: area, key, value: JSON.parse(readFileSync(file, "utf8")) }];
  } catch {
    return [];
  }
}

function parse(values: ReadonlyMap<string, unknown>): ParsedSession {
  const dcId = Number(values.get("dcId"));
  if (!Number.isInteger(dcId))
    throw refused("import-malformed", { details: { part: "data centre" } });
  const address = values.get("serverAddress");
  if (typeof address === "string") checkAddress(address);
  const stored = values.get("authKey");
  const bytes =
    typeof stored === "object" && stored !== null && "data" in stored ? stored.data : stored;
  const isKey =
    Array.isArray(bytes) &&
    bytes.every((each) => Number.isInteger(each) && each >= 0 && each <= 255);
  const authKey = checkKey(isKey ? Buffer.from(bytes) : Buffer.alloc(0));
  const entities = [...values].flatMap(([key, value]) =>
    /^-?\d+$/.test(key) ? entityOf(key, value) : [],
  );
  return { ...NOTHING_KNOWN, format: "gramjs-folder", dcId: checkDc(dcId), authKey, entities };
}

/**
 * `[id, hash, username, phone, name, time]`; numbers are texts, or objects of a library with the
 * text in `value`.
 */
function entityOf(id: string, value: unknown): EntityRow[] {
  if (!Array.isArray(value)) return [];
  const [, hash, username, phone, name] = value.map(textOf);
  if (id === "0" || hash === undefined || !/^-?\d{1,20}$/.test(hash ?? "")) return [];
  return [
    {
      id,
      hash: hash ?? "0",
      username: username?.toLowerCase() || null,
      phone: phone?.replace(/\D/g, "") || null,
      name: name || null,
    },
  ];
}

function textOf(value: unknown): string | null {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value === "object" && value !== null && "value" in value) return textOf(value.value);
  return null;
}
