import { randomBytes } from "node:crypto";
import { linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, cannotLink, type FoundKey, makeFolder } from "@flotilla/kernel";
import type { Secret } from "./secret.ts";

const FILE = "fleet.key";

/**
 * The 32-byte key that encrypts sessions: from FLEET_KEY, else from `<dataDir>/fleet.key` (0600).
 * Makes the file while the data folder has no session. Throws AppError `bad-fleet-key` when the
 * file is damaged, open to other users or unreadable (`reason` in its details), and `no-fleet-key`
 * when it is missing although there are sessions, which a new key could not open. `make: false`
 * never makes the file; a process that starts after its maker passes it.
 */
export function loadFleetKey(
  configured: Secret | null,
  dataDir: string,
  { make = true } = {},
): Buffer {
  if (configured) return decode(configured.reveal());
  const path = join(dataDir, FILE);
  if (make) makeFolder(dataDir, 0o700);
  if (!statSync(path, { throwIfNoEntry: false })) {
    if (!make || hasSessions(dataDir)) throw keyGone(path);
    placeKeyFile(path, randomBytes(32));
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new AppError(
      "bad-fleet-key",
      `The key file ${path} is readable by others. Run: chmod 600 ${path}`,
      {
        details: { path, reason: "open-to-others" },
      },
    );
  }
  const key = decode(readKey(path).trim());
  if (key.length !== 32)
    throw new AppError(
      "bad-fleet-key",
      `The key file ${path} is damaged. Restore it from your backup: without it the sessions cannot be read.`,
      { details: { path, reason: "damaged" } },
    );
  return key;
}

/**
 * Refuses a file that this user may not read instead of reporting the key as missing, and a pipe,
 * whose read would never end.
 */
function readKey(path: string): string {
  if (!statSync(path).isFile())
    throw unreadable(path, "it is no plain file. Put the key back in its place");
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const remedy = "It must belong to the user that runs Flotilla (chown), with chmod 600";
    throw unreadable(path, `${codeOf(error) ?? "unknown"}. ${remedy}`);
  }
}

function unreadable(path: string, why: string): AppError {
  return new AppError(
    "bad-fleet-key",
    `The key file ${path} cannot be read: ${why}. Nothing was changed.`,
    {
      details: { path, reason: "unreadable" },
    },
  );
}

/**
 * Every key in FLEET_KEY and in the `fleet.key*` files of the data folder, for the search for a
 * lost key. Never throws.
 */
export function findFleetKeys(configured: Secret | null, dataDir: string): FoundKey[] {
  const set = configured
    ? [{ from: "env" as const, where: "FLEET_KEY", key: decode(configured.reveal()) }]
    : [];
  return [...set, ...keyFiles(dataDir)].filter(({ key }) => key.length === 32);
}

/**
 * Result of {@link keepKeyFile}: `ok` and `written-back` leave a good file; the others need an
 * admin.
 */
export type KeyFileState = "ok" | "written-back" | "changed" | "damaged" | "folder-gone";

/**
 * Checks that the key file still holds `key`. Writes a missing file back and never overwrites an
 * existing one. Throws the file system's error when it cannot write.
 */
export function keepKeyFile(dataDir: string, key: Buffer, link = linkSync): KeyFileState {
  if (!statSync(dataDir, { throwIfNoEntry: false })) return "folder-gone";
  const path = join(dataDir, FILE);
  if (!statSync(path, { throwIfNoEntry: false }) && placeKeyFile(path, key, link))
    return "written-back";
  const there = decode(readKey(path).trim());
  if (there.length !== 32) return "damaged";
  return there.equals(key) ? "ok" : "changed";
}

/**
 * Places the whole file at once and never replaces another one. False = another process placed one
 * meanwhile. `link` makes a second name for a file; it fails where the file system has no links.
 */
function placeKeyFile(path: string, key: Buffer, link = linkSync): boolean {
  const partial = `${path}.${randomBytes(4).toString("hex")}.partial`;
  try {
    writeFileSync(partial, text(key), { flag: "wx", mode: 0o600, flush: true });
    try {
      link(partial, path);
    } catch (error) {
      if (!cannotLink(error)) throw error;
      writeFileSync(path, text(key), { flag: "wx", mode: 0o600, flush: true });
    }
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(partial, { force: true });
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function text(key: Buffer): string {
  return `${key.toString("hex")}\n`;
}

function hasSessions(dataDir: string): boolean {
  const copies = names(join(dataDir, "vault")).flatMap((name) =>
    names(join(dataDir, "vault", name)),
  );
  return [...names(join(dataDir, "sessions")), ...copies].some((name) => /\.session$/.test(name));
}

function keyFiles(dataDir: string): FoundKey[] {
  const files = names(dataDir).filter(
    (name) => /^fleet\.key(\.|$)/.test(name) || /^fleet.*\.key$/.test(name),
  );
  return files.flatMap((name) => {
    const where = join(dataDir, name);
    try {
      return [{ from: "file" as const, where, key: decode(readKey(where).trim()) }];
    } catch {
      return [];
    }
  });
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function keyGone(path: string): AppError {
  return new AppError(
    "no-fleet-key",
    `The fleet key is gone: FLEET_KEY is not set and ${path} is not there, but there are ` +
      "sessions that are encrypted with it. No new key was made: it would open none of them.",
    { details: { path } },
  );
}

function decode(key: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, "hex");
  // Lenient decoding would accept a hexadecimal key that was cut to 43 characters as 32 bytes.
  if (/^[A-Za-z0-9+/]{43}=$/.test(key)) return Buffer.from(key, "base64");
  return Buffer.alloc(0);
}
