import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { AppError, codeOf, parseWorkerId, toError } from "@flotilla/kernel";
import type { OtherOwner } from "@flotilla/queue";
import {
  assertKeyFree,
  type ImportedSession,
  type ImportOptions,
  type ImportSource,
  importSession,
  inspectImport,
  keyFingerprint,
  type ParsedSession,
} from "@flotilla/session-store";
import { findHolders } from "@flotilla/sqlite";
import { fleetOnRedis } from "../place/fleet-place.ts";
import type { Place } from "../place/place.ts";
import { type ConfiguredWorker, readSourceConfig } from "./source-config.ts";
import {
  type Answer,
  assertCanAsk,
  type Call,
  confirmed,
  noMoreThan,
  type Verb,
  WrongUsage,
  word,
} from "./verb.ts";

const USAGE = `Usage: flotilla import <file | folder | -> --name <worker> [--yes] [--json]
       flotilla import <config.json> [--yes] [--json]

Imports a session of your own from another program: a .session file of Telethon, Pyrogram, Kurigram or mtcute, a folder
of GramJS (StoreSession), a session file of Flotilla, or a file with a session string of GramJS, Telethon, Pyrogram or
mtcute. "-" reads any of them but the folder from standard input. A string is never an argument: other users of this
machine can read arguments.

A config.json with workers[].worker_id and session_name imports each worker's <session_name>.session beside it.

The other program must never use this session again: Telegram ends a session that two programs use.

  --name <worker>   name of its worker: a-z, 0-9, _ and -, beginning with a letter; not with a config.json
  --yes             you have stopped the other program for good; needed without a terminal
  --json            one JSON object on standard output
`;

/** Longest input: session files of all programs are smaller. */
const MAX_STDIN_BYTES = 64 * 1024 * 1024;
const SQLITE_MAGIC = "SQLite format 3\0";

export const importVerb: Verb = {
  name: "import",
  usage: USAGE,
  options: { name: { type: "string" }, yes: { type: "boolean" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
    const from = word(call, 0, 'which file to import, or "-" for standard input');
    const workers =
      call.flags["name"] === undefined && from !== "-"
        ? readSourceConfig(resolve(call.place.cwd, from))
        : null;
    if (workers) return await importAll(call, workers);
    return await importOne(call, from);
  },
};

async function importOne(call: Call, from: string): Promise<Answer> {
  const name = workerName(call.flags["name"]);
  if (from === "-" && call.flags["yes"] !== true)
    throw new WrongUsage(
      "Standard input holds the session, so no question is possible. Add --yes when the other " +
        "program is stopped.",
    );
  assertCanAsk(call);
  assertNoKeyWanted(call.place);
  const options = optionsFor(call, name, await sourceOf(from, call));
  const found = await inspect(call, options);
  const account =
    found.userId === null
      ? "an account that the first connection reveals"
      : `user id ${found.userId}`;
  const question =
    `This is a ${describe(found.format)} of ${account}. The program that made it must never ` +
    "use it again, or Telegram ends the session for both. Is that program stopped for ever?";
  if (!(await confirmed(call, question)))
    throw new AppError("not-confirmed", "Nothing was imported.");
  const done = importSession(options);
  return { exitCode: 0, text: report(done, call), data: { session: done } };
}

/** Imports each session on its own: a refused one does not stop the others. */
async function importAll(call: Call, workers: readonly ConfiguredWorker[]): Promise<Answer> {
  assertCanAsk(call);
  assertNoKeyWanted(call.place);
  const names = workers.map(({ name }) => name).join(", ");
  const question =
    `This configuration has ${workers.length} workers: ${names}. Its program must never use ` +
    "their sessions again, " +
    "or Telegram ends them for both. Is that program stopped for ever?";
  if (!(await confirmed(call, question)))
    throw new AppError("not-confirmed", "Nothing was imported.");
  const sessions: ImportedSession[] = [];
  const refused: { readonly worker: string; readonly code: string; readonly message: string }[] =
    [];
  const lines: string[] = [];
  for (const { id, name, path } of workers) {
    try {
      await assertNotHeld(path);
      const options = optionsFor(call, name, { kind: "file", path });
      await inspect(call, options);
      const done = importSession(options);
      sessions.push(done);
      lines.push(`✓ ${id}: imported a ${describe(done.format)} as "${done.name}".`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refused.push({ worker: id, code: error.code, message: error.message });
      lines.push(`✗ ${id} (${path}): ${error.message}`);
    }
  }
  if (sessions.length > 0)
    lines.push(
      "Now add the workers in the chat: ➕ Add, on this machine, with the names above. Never " +
        "start the other program again.",
    );
  return {
    exitCode: refused.length === 0 ? 0 : 1,
    text: `${lines.join("\n")}\n`,
    data: { sessions, refused },
  };
}

function optionsFor({ place }: Call, name: string, source: ImportSource): ImportOptions {
  return { source, dir: place.sessions, name, fleetKey: place.fleetKey(), server: place.server };
}

/** Runs every check before a session is created; throws what they throw. */
async function inspect(call: Call, options: ImportOptions): Promise<ParsedSession> {
  const found = inspectImport(options);
  await assertNowhereElse(call, options.name, found);
  const { env, hostId, dataDir } = call.place;
  assertKeyFree(
    { configured: env.OWNER_DIR ?? null, host: hostId, dataDir },
    keyFingerprint(found.authKey),
  );
  return found;
}

/** With several hosts the fleet already has a key: a new one would open no session of theirs. */
function assertNoKeyWanted({ fleetKeyFrom, env }: Place): void {
  if (fleetKeyFrom !== null || env.HOSTS !== "several") return;
  throw new AppError(
    "no-fleet-key",
    "This host has no fleet key yet, and HOSTS=several: set FLEET_KEY in .env to the key of " +
      "the bot's host, then import again.",
  );
}

/**
 * Checks other hosts: leases name the keys and accounts in use, the status board those of stopped
 * workers. Skipped when no fleet runs, unless there are several hosts.
 */
async function assertNowhereElse(
  { place }: Call,
  name: string,
  { authKey, userId }: ParsedSession,
): Promise<void> {
  const { embeddedRedisUrl, findOtherOwner } = await import("@flotilla/queue");
  const { HOSTS } = place.env;
  if (!place.redis && !existsSync(embeddedRedisUrl(join(place.dataDir, "redis")))) return;
  const wanted = {
    host: place.hostId,
    worker: parseWorkerId(name),
    fingerprint: keyFingerprint(authKey),
    userId,
  };
  const other = await fleetOnRedis(place)
    .then((fleet) => findOtherOwner(fleet, wanted))
    .catch((error: unknown) => {
      const code = codeOf(error);
      // No fleet with this key ever used this Redis: no lease can exist.
      if (code === "no-fleet") return null;
      if (
        HOSTS !== "several" &&
        (code === "redis-away" || (code === "wrong-fleet-key" && neverRan(place)))
      )
        return null;
      throw error;
    });
  if (!other) return;
  const details = { other: other.worker, host: other.host, userId };
  throw new AppError("session-duplicate", ownedText(other, name, userId), { details });
}

/** True when no fleet ran on this data folder: fleets in a shared Redis belong to other keys. */
function neverRan({ dataDir }: Place): boolean {
  return !["control.db", "host.db"].some((name) => existsSync(join(dataDir, name)));
}

function ownedText(
  { what, worker, host }: OtherOwner,
  name: string,
  userId: string | null,
): string {
  const whose = `the worker "${worker}" on ${host}`;
  switch (what) {
    case "name":
      return `The name "${name}" is in use: ${whose} has it. Choose another name.`;
    case "key":
      return (
        `This session is in use: ${whose} has it. Telegram ends a session for both when two ` +
        "programs use its key."
      );
    case "account":
      return (
        `This account (user id ${userId ?? "?"}) already belongs to ${whose}. One account has one ` +
        "worker: use that one, or remove its session first."
      );
    default:
      return what satisfies never;
  }
}

/** Parses a worker's name. Throws WrongUsage with the rule when it is invalid. */
export function workerName(text: string | boolean | undefined): string {
  if (typeof text !== "string")
    throw new WrongUsage("Say the name of the worker: --name <worker>.");
  try {
    return parseWorkerId(text);
  } catch (error) {
    throw new WrongUsage(toError(error).message);
  }
}

async function sourceOf(from: string, { place }: Call): Promise<ImportSource> {
  if (from === "-") {
    const bytes = await readStdin();
    const isText = !bytes.subarray(0, SQLITE_MAGIC.length).equals(Buffer.from(SQLITE_MAGIC));
    if (isText) return { kind: "text", text: bytes.toString("utf8") };
    return { kind: "bytes", bytes };
  }
  const path = resolve(place.cwd, from);
  if (from.length > 200 && !existsSync(path))
    throw new WrongUsage(
      "This looks like a session string. Never put it on a command line, where other users can " +
        "read it: put it into a file, or pipe it in with -.",
    );
  await assertNotHeld(path);
  return { kind: "file", path };
}

async function assertNotHeld(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  const { holders } = await findHolders(path);
  const [first] = holders;
  if (!first) return;
  const who = first.commandLine
    ? `${first.commandLine} (pid ${first.pid})`
    : `the process ${first.pid}`;
  const text =
    `${who} has this session open. Stop it for good, then import again: Telegram ends a ` +
    "session that two programs use.";
  throw new AppError("import-in-use", text, { details: { pid: first.pid } });
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const data = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += data.length;
    if (bytes > MAX_STDIN_BYTES)
      throw new WrongUsage("The input is larger than any session (64 MB).");
    chunks.push(data);
  }
  return Buffer.concat(chunks);
}

function describe(format: ImportedSession["format"]): string {
  const [program = "", kind = ""] = format.split("-");
  const names: Readonly<Record<string, string>> = {
    telethon: "Telethon",
    gramjs: "GramJS",
    pyrogram: "Pyrogram",
    mtcute: "mtcute",
    flotilla: "Flotilla",
  };
  return `${names[program] ?? program} session ${kind}`;
}

function report(done: ImportedSession, { place }: Call): string {
  const account =
    done.userId === null ? "unknown until the first connection" : `user id ${done.userId}`;
  const updates = done.resumes
    ? `  Nothing is missed: updates continue where the other program stopped (${done.channels} channels too).`
    : "  Updates begin with the first connection: this format does not say where the other program stopped.";
  const lines = [
    `Imported a ${describe(done.format)} as "${done.name}".`,
    `  Account: ${account}; unverified until Telegram confirms it.`,
    updates,
    `  ${done.entities} users, groups and channels are already known.`,
    ...apiIdLines(done, place.env.API_ID),
    `Now add the worker in the chat: ➕ Add, on this machine, with the name ${done.name}. It ` +
      "finds this session; no login is needed.",
    "Never start the other program with this session again.",
  ];
  return `${lines.join("\n")}\n`;
}

function apiIdLines({ apiId }: ImportedSession, ours: string | undefined): string[] {
  if (apiId === null)
    return [
      "  The format does not contain its API_ID. Use the same one in .env if you can: Telegram " +
        "ties a session to it.",
    ];
  if (ours === undefined || Number(ours) === apiId) return [];
  return [
    `  It was made with API_ID ${apiId}, .env has ${ours}. Use the same one if you can: ` +
      "Telegram ties a session to it.",
  ];
}
