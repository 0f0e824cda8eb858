import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError, writePrivate } from "@flotilla/kernel";
import { withAttached } from "./attached.ts";
import { readNoteFile } from "./files.ts";

/**
 * Which key and which account a session of this folder is. No secret: Telegram sends the key's id
 * in clear.
 */
export interface SessionIdentity {
  readonly name: string;
  /** `sha1(key)[12:20]` in hex. */
  readonly fingerprint: string;
  /** Decimal; null when no connection has asked yet. */
  readonly userId: string | null;
}

/**
 * What is known about one session of the folder. `unknown` = in use by a process that did not say
 * which key it has.
 */
export type Neighbour =
  | { readonly kind: "known"; readonly identity: SessionIdentity }
  | { readonly kind: "no-key" | "unknown" | "unreadable"; readonly name: string };

const SESSION = /^([a-z][a-z0-9_-]{0,31})\.session$/;

/** Names of the sessions of a folder, sorted. */
export function sessionNames(dir: string): string[] {
  try {
    return readdirSync(dir)
      .flatMap((file) => SESSION.exec(file)?.[1] ?? [])
      .toSorted();
  } catch {
    return [];
  }
}

/** Path of a session file. */
export function sessionPath(dir: string, name: string): string {
  return join(dir, `${name}.session`);
}

/**
 * Says which key and account `identity.name` has, in a small file beside the session that others
 * can read while the session is locked, and then looks at the notes of the others: the second one
 * sees the first, and a file that was copied but never used stops no other. Throws AppError
 * `session-duplicate` (the note is as before then) when another session of the folder has announced
 * the same key or account.
 */
export function announce(dir: string, identity: SessionIdentity): void {
  const path = notePath(dir, identity.name);
  const before = readText(path);
  const note = toNote(dir, identity);
  if (before !== note) writePrivate(path, note);
  try {
    for (const name of sessionNames(dir)) {
      const other = name === identity.name ? null : readNote(dir, name);
      if (other?.fingerprint) refuseTwin(identity, { ...other, fingerprint: other.fingerprint });
    }
  } catch (error) {
    if (before === null) rmSync(path, { force: true });
    else if (before !== note) writePrivate(path, before);
    throw error;
  }
}

/** Notes that the session of this name is in use and has no key, so it blocks no other session. */
export function announceEmpty(dir: string, name: string): void {
  const note = `${JSON.stringify({ file: fileId(sessionPath(dir, name)), fingerprint: null })}\n`;
  if (readText(notePath(dir, name)) !== note) writePrivate(notePath(dir, name), note);
}

/**
 * Announces what `work` is about to make true. The note goes first, so that of two who do the same
 * at once at least one sees the other; when `work` throws, the note is as before. Throws what
 * {@link announce} and `work` throw.
 */
export function whileAnnounced(
  dir: string,
  { from, to }: { readonly from: SessionIdentity | null; readonly to: SessionIdentity },
  work: () => void,
): void {
  announce(dir, to);
  try {
    work();
  } catch (error) {
    if (from) announce(dir, from);
    else announceEmpty(dir, to.name);
    throw error;
  }
}

/** Takes the note of a session away, when its file is gone. */
export function unannounce(dir: string, name: string): void {
  rmSync(notePath(dir, name), { force: true });
}

/**
 * Whether a session of this name had a key and was not taken out of use, whether or not its file is
 * still there.
 */
export function isNoted(dir: string, name: string): boolean {
  const text = readText(notePath(dir, name));
  return typeof (text === null ? null : parseNote(text)?.fingerprint) === "string";
}

/**
 * Throws AppError `session-duplicate` when another session of the folder has this key or this
 * account, and `session-neighbour-unknown` when one is in use whose key cannot be learned.
 */
export function assertUnique(dir: string, wanted: SessionIdentity): void {
  for (const name of sessionNames(dir)) {
    if (name === wanted.name) continue;
    const neighbour = neighbourOf(dir, name);
    if (neighbour.kind === "known") refuseTwin(wanted, neighbour.identity);
    if (neighbour.kind === "unknown") throw neighbourUnknown(name);
  }
}

/**
 * Which key and account a session has: by its note when that is about the present file, else by
 * reading the file, which is only possible while no process has it open.
 */
export function neighbourOf(dir: string, name: string): Neighbour {
  const noted = readNote(dir, name);
  if (noted?.fingerprint)
    return { kind: "known", identity: { ...noted, fingerprint: noted.fingerprint } };
  try {
    const identity = readIdentity(sessionPath(dir, name), name);
    return identity ? { kind: "known", identity } : { kind: "no-key", name };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked")
      return { kind: "unreadable", name };
    return { kind: noted === null ? "unknown" : "no-key", name };
  }
}

/**
 * Reads the identity from a session file that no process has open; null when it has no key. Throws
 * AppError `sqlite-*`.
 */
export function readIdentity(path: string, name: string): SessionIdentity | null {
  return withAttached(path, (db) => {
    const key = db.readOne<{ fingerprint: string }>(
      "SELECT fingerprint FROM source.auth_key WHERE slot = 'current'",
    );
    const self = db.readOne<{ id: string }>("SELECT id FROM source.self");
    if (key) return { name, fingerprint: key.fingerprint, userId: self?.id ?? null };
    return null;
  });
}

/** Whether two sessions have one key or are of one account. */
export function isTwin(one: SessionIdentity, other: SessionIdentity): boolean {
  return (
    one.fingerprint === other.fingerprint || (one.userId !== null && one.userId === other.userId)
  );
}

function refuseTwin(wanted: SessionIdentity, other: SessionIdentity): void {
  if (!isTwin(wanted, other)) return;
  const details = {
    name: wanted.name,
    other: other.name,
    fingerprint: wanted.fingerprint,
    userId: wanted.userId,
  };
  if (wanted.fingerprint === other.fingerprint) {
    const why = "Two users of one key make Telegram end the session for both.";
    const text =
      `This session is a copy of "${other.name}": both have the same key. ${why} Use ` +
      `"${other.name}", or move one of the two away.`;
    throw new AppError("session-duplicate", text, { details });
  }
  const text =
    `This account (user id ${wanted.userId}) already belongs to the worker "${other.name}". ` +
    `One account has one worker: use "${other.name}", or remove its session first.`;
  throw new AppError("session-duplicate", text, { details });
}

function neighbourUnknown(name: string): AppError {
  const text =
    `The worker "${name}" has its session open and did not say which account it is. Restart it ` +
    "(🔄 Restart in the chat), or stop it, then try again.";
  return new AppError("session-neighbour-unknown", text, { details: { name } });
}

function notePath(dir: string, name: string): string {
  return join(dir, `${name}.identity`);
}

function toNote(dir: string, { name, fingerprint, userId }: SessionIdentity): string {
  return `${JSON.stringify({ file: fileId(sessionPath(dir, name)), fingerprint, userId })}\n`;
}

/** The note, unless it is damaged or was made for a file that is not there any more. */
function readNote(
  dir: string,
  name: string,
): (Omit<Note, "file"> & { readonly name: string }) | null {
  const text = readText(notePath(dir, name));
  const note = text === null ? null : parseNote(text);
  if (note === null || note.file !== fileId(sessionPath(dir, name))) return null;
  return { name, fingerprint: note.fingerprint, userId: note.userId };
}

interface Note {
  readonly file: string;
  /** Null: the session is in use and has no key. */
  readonly fingerprint: string | null;
  readonly userId: string | null;
}

function parseNote(text: string): Note | null {
  try {
    const { file, fingerprint, userId } = JSON.parse(text) as Record<string, unknown>;
    if (typeof file !== "string") return null;
    if (fingerprint === null) return { file, fingerprint, userId: null };
    if (typeof fingerprint !== "string" || !(userId === null || typeof userId === "string"))
      return null;
    return { file, fingerprint, userId };
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readNoteFile(path);
  } catch {
    return null;
  }
}

/**
 * Device, inode and birth (inodes are given out again): a copy or a replacement is another file.
 */
function fileId(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}:${stat.birthtimeNs}` : null;
}
