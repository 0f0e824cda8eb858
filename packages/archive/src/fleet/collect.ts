import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, makeFolder } from "@flotilla/kernel";
import { lookIntoSession, sessionNames } from "@flotilla/session-store";
import { type CopyFacts, copyRunning } from "@flotilla/sqlite";
import { type ArchivedFile, type FileKind, kindOf, type Manifest } from "../format/manifest.ts";

/** Options of {@link collect}. */
export interface CollectOptions {
  readonly dataDir: string;
  /** Empty folder of the same disk that gets the copies. */
  readonly staging: string;
  readonly fleetKey: Buffer;
  readonly signal?: AbortSignal | undefined;
  readonly onStep: () => void;
}

/** Problems of a session that are none: it has no login yet. */
const NO_LOGIN = "no-key";
const ROLES: Readonly<Record<Exclude<FileKind, "note">, CopyFacts["role"]>> = {
  control: "control",
  host: "host",
  session: "session",
  copy: "session",
};

/** What is wrong with one file only. A full disk is not among them: it stops everything. */
const UNREADABLE: ReadonlySet<string> = new Set([
  "sqlite-cantopen",
  "sqlite-io",
  "sqlite-locked",
  "sqlite-not-a-database", // no plain file
]);

/**
 * Bytes that the copies of a data folder take. Journals count in full; what is written meanwhile
 * does not.
 */
export function bytesToCollect(dataDir: string): number {
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const all = namesIn(dataDir).map((name) => join(dataDir, name));
  return all.reduce((sum, path) => sum + sizeOf(path) + sizeOf(`${path}-wal`), 0);
}

/** What an archive will hold. */
export type Collected = Pick<Manifest, "files" | "leftOut">;

/**
 * Copies everything of a data folder that an archive holds, while its owners use it. A file that
 * goes away meanwhile is no part of it. A damaged session is taken as it is, with its problem; one
 * that the system does not give out is left out. Throws for both databases instead.
 * @NOTE sessions go before the vault: one that is removed meanwhile is found there.
 */
export async function collect(options: CollectOptions): Promise<Collected> {
  const files: ArchivedFile[] = [];
  const leftOut: Manifest["leftOut"] = [];
  const done = new Set<string>();
  for (const isFirst of [true, false])
    for (const name of namesIn(options.dataDir)) {
      if (done.has(name) || (isFirst && kindOf(name) === "copy")) continue;
      done.add(name);
      options.signal?.throwIfAborted();
      const found = await copyOne(name, options);
      if (found === "gone") continue;
      if ("sha256" in found) files.push(found);
      else leftOut.push(found);
    }
  return { files, leftOut };
}

/** Names from the data folder, in the order in which they are copied. */
function namesIn(dataDir: string): string[] {
  const within = (folder: string): string[] =>
    list(join(dataDir, folder)).map((name) => `${folder}/${name}`);
  return [
    "control.db",
    "host.db",
    ...sessionNames(join(dataDir, "sessions")).map((name) => `sessions/${name}.session`),
    ...within("vault").flatMap(within),
    "rekeyed.json",
    "audit.jsonl",
    ...within("signed"),
  ].filter((name) => kindOf(name) !== null && existsSync(join(dataDir, name)));
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

async function copyOne(
  name: string,
  options: CollectOptions,
): Promise<ArchivedFile | Manifest["leftOut"][number] | "gone"> {
  const kind = kindOf(name) ?? "note";
  const target = join(options.staging, name);
  makeFolder(dirname(target), 0o700);
  try {
    const facts = await (kind === "note"
      ? copyNote(name, target, options)
      : copyDatabase(kind, name, target, options));
    return { name, kind, ...(await measure(target)), ...facts };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "sqlite-missing") return "gone";
    if (UNREADABLE.has(error.code) && (kind === "session" || kind === "copy"))
      return { name, problem: `${error.code}: ${error.message}`.slice(0, 500) };
    throw error;
  }
}

type Facts = Pick<ArchivedFile, "schema" | "problem" | "identity">;

function copyNote(name: string, target: string, { dataDir, onStep }: CollectOptions): Facts {
  onStep();
  copyFileSync(join(dataDir, name), target);
  return { schema: null, problem: null, identity: null };
}

async function copyDatabase(
  kind: Exclude<FileKind, "note">,
  name: string,
  target: string,
  { dataDir, fleetKey, signal, onStep }: CollectOptions,
): Promise<Facts> {
  const copied = await copyRunning(join(dataDir, name), target, {
    onStep,
    ...(signal === undefined ? {} : { signal }),
  });
  const problem = problemOf(copied, ROLES[kind]);
  const schema = problem === null ? copied.version : null;
  if (ROLES[kind] !== "session" || problem !== null) return { schema, problem, identity: null };
  const found = lookIntoSession(target, fleetKey);
  const identity =
    found.fingerprint === null ? null : { fingerprint: found.fingerprint, userId: found.userId };
  return { schema, identity, problem: found.problem === NO_LOGIN ? null : found.problem };
}

function problemOf({ role, damage }: CopyFacts, wanted: CopyFacts["role"]): string | null {
  if (damage !== null) return `damaged: ${damage}`.slice(0, 500);
  return role === wanted ? null : "empty, or no database of this kind";
}

async function measure(path: string): Promise<Pick<ArchivedFile, "bytes" | "sha256">> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
