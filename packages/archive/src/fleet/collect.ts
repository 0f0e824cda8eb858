import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, makeFolder } from "@flotilla/kernel";
import { lookIntoSession, sessionNames } from "@flotilla/session-store";
import { type CopyFacts, copyRunning } from "@flotilla/sqlite";
import { type ArchivedFile, type FileKind, kindOf } from "../format/manifest.ts";

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

/**
 * Bytes that the copies of a data folder take. Journals count in full; what is written meanwhile
 * does not.
 */
export function bytesToCollect(dataDir: string): number {
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const all = namesIn(dataDir).map((name) => join(dataDir, name));
  return all.reduce((sum, path) => sum + sizeOf(path) + sizeOf(`${path}-wal`), 0);
}

/**
 * Copies everything of a data folder that an archive holds, while its owners use it. A file that
 * goes away meanwhile is left out. A damaged one is taken as it is, with its problem.
 * @NOTE sessions go before the vault: one that is removed meanwhile is found there.
 */
export async function collect(options: CollectOptions): Promise<ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  const done = new Set<string>();
  for (const isFirst of [true, false])
    for (const name of namesIn(options.dataDir)) {
      if (done.has(name) || (isFirst && kindOf(name) === "copy")) continue;
      done.add(name);
      options.signal?.throwIfAborted();
      const file = await copyOne(name, options);
      if (file) files.push(file);
    }
  return files;
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

async function copyOne(name: string, options: CollectOptions): Promise<ArchivedFile | null> {
  const kind = kindOf(name) ?? "note";
  const target = join(options.staging, name);
  makeFolder(dirname(target), 0o700);
  try {
    const facts = await (kind === "note"
      ? copyNote(name, target, options)
      : copyDatabase(kind, name, target, options));
    return { name, kind, ...(await measure(target)), ...facts };
  } catch (error) {
    if (error instanceof AppError && error.code === "sqlite-missing") return null;
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
