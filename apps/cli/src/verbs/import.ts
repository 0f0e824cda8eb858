import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { WorkerStatus } from "@flotilla/contracts";
import { AppError, parseWorkerId, toError } from "@flotilla/kernel";
import {
  type ImportedSession,
  type ImportOptions,
  type ImportSource,
  importSession,
  inspectImport,
} from "@flotilla/session-store";
import { findHolders } from "@flotilla/sqlite";
import { isStale, readStatuses } from "./status.ts";
import { type Answer, assertCanAsk, type Call, confirmed, noMoreThan, type Verb, WrongUsage, word } from "./verb.ts";

const USAGE = `Usage: flotilla import <file | -> --name <worker> [--yes] [--json]

Takes over a session of your own from another program: a .session file of Telethon, Pyrogram or Kurigram, a session file
of Flotilla, or a file that holds a session string of GramJS, Telethon or Pyrogram. "-" reads a string from standard
input. A string is never an argument: other users of this machine can read those.

The other program must never use this session again: Telegram ends a session that two programs use.

  --name <worker>   name of the worker it is for: a-z, 0-9, _ and -, beginning with a letter
  --yes             you have stopped the other program for ever; needed where nobody can be asked
  --json            one JSON object on standard output
`;

/** A pasted string or a whole file name, but nobody's novel. */
const MAX_STDIN_BYTES = 64 * 1024;

export const importVerb: Verb = {
  name: "import",
  summary: "take over a session from Telethon, Pyrogram or GramJS",
  usage: USAGE,
  options: { name: { type: "string" }, yes: { type: "boolean" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
    const from = word(call, 0, 'which file to import, or "-" for standard input');
    const name = workerName(call.flags["name"]);
    if (from === "-" && call.flags["yes"] !== true)
      throw new WrongUsage(
        "Standard input holds the session, so nobody can be asked. Add --yes when the other program is stopped.",
      );
    assertCanAsk(call);
    const { sessions: dir, server } = call.place;
    const source = await sourceOf(from, call);
    const options: ImportOptions = { source, dir, name, fleetKey: call.place.fleetKey(), server };
    const found = inspectImport(options);
    await assertNowhereElse(call, name, found.userId);
    const account = found.userId === null ? "an account that its first connection will tell" : `user id ${found.userId}`;
    const question = `This is a ${describe(found.format)} of ${account}. The program that made it must never use it again, or Telegram ends the session for both. Is that program stopped for ever?`;
    if (!(await confirmed(call, question))) throw new AppError("not-confirmed", "Nothing was imported.");
    const done = importSession(options);
    return { exitCode: 0, text: report(done, call), data: { session: done } };
  },
};

/** Other hosts have session folders of their own: what their workers say about themselves is on the fleet's board. */
async function assertNowhereElse({ place }: Call, name: string, userId: string | null): Promise<void> {
  if (userId === null) return;
  const statuses = await readStatuses(place).catch((error: unknown): WorkerStatus[] => {
    if (error instanceof AppError && error.code === "not-running") return []; // then the folder and the leases decide
    throw error;
  });
  const now = Date.now();
  const other = statuses.find(
    (status) => status.link?.account?.userId === userId && status.worker !== name && !isStale(status, now),
  );
  if (!other) return;
  const text = `This account (user id ${userId}) already belongs to the worker "${other.worker}" on ${other.host}. One account has one worker: use that one, or remove its session first.`;
  throw new AppError("session-duplicate", text, { details: { other: other.worker, host: other.host, userId } });
}

/** WrongUsage with the rule, when it is no name of a worker. */
export function workerName(text: string | boolean | undefined): string {
  if (typeof text !== "string") throw new WrongUsage("Say the name of the worker: --name <worker>.");
  try {
    return parseWorkerId(text);
  } catch (error) {
    throw new WrongUsage(toError(error).message);
  }
}

async function sourceOf(from: string, { place }: Call): Promise<ImportSource> {
  if (from === "-") return { kind: "text", text: await readStdin() };
  const path = resolve(place.cwd, from);
  if (from.length > 200 && !existsSync(path))
    throw new WrongUsage(
      "This looks like a session string. Never put it on a command line, where others can read it: put it into a file, or pipe it in with -.",
    );
  await assertNotHeld(path);
  return { kind: "file", path };
}

async function assertNotHeld(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const { holders } = await findHolders(path);
  const [first] = holders;
  if (!first) return;
  const who = first.commandLine ? `${first.commandLine} (pid ${first.pid})` : `the process ${first.pid}`;
  const text = `${who} has this session open. Stop it for ever, then import again: two users of one session end it for both.`;
  throw new AppError("import-in-use", text, { details: { pid: first.pid } });
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const data = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += data.length;
    if (bytes > MAX_STDIN_BYTES)
      throw new WrongUsage("That is too much for a session string. Give a .session file by its name.");
    chunks.push(data);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function describe(format: ImportedSession["format"]): string {
  const [program = "", kind = ""] = format.split("-");
  const names: Readonly<Record<string, string>> = {
    telethon: "Telethon",
    gramjs: "GramJS",
    pyrogram: "Pyrogram",
    flotilla: "Flotilla",
  };
  return `${names[program] ?? program} session ${kind}`;
}

function report(done: ImportedSession, { place }: Call): string {
  const lines = [
    `Imported a ${describe(done.format)} as "${done.name}".`,
    `  Account: ${done.userId === null ? "not known yet; the first connection tells" : `user id ${done.userId}`}; it counts as unverified until Telegram has confirmed it.`,
    done.resumes
      ? `  Nothing is missed: updates go on where the other program stopped (${done.channels} channels as well).`
      : "  Updates begin with the first connection: this format does not say where the other program stopped.",
    `  ${done.entities} users, groups and channels are known already.`,
    ...apiIdLines(done, place.env.API_ID),
    `Now add the worker in the chat: ➕ Add, on this machine, with the name ${done.name}. It finds this session; no login is needed.`,
    "Never start the other program with this session again.",
  ];
  return `${lines.join("\n")}\n`;
}

function apiIdLines({ apiId }: ImportedSession, ours: string | undefined): string[] {
  if (apiId === null)
    return [
      "  The format does not say with which API_ID it was made. Use the same one in .env if you can: Telegram ties a session to it.",
    ];
  return ours === undefined || Number(ours) === apiId
    ? []
    : [`  It was made with API_ID ${apiId}, .env has ${ours}. Use the same one if you can: Telegram ties a session to it.`];
}
