import { parseArgs } from "node:util";
import { AppError, codeOf, Output, toError } from "@flotilla/kernel";
import { findPlace } from "../place/place.ts";
import { type Answer, type Verb, WrongUsage } from "./verb.ts";

interface Listed {
  readonly name: string;
  /** Its line in the list of subcommands. */
  readonly summary: string;
  /** Each has libraries that take half a second and that the others do not need. */
  readonly load: () => Promise<Verb>;
}

const VERBS: readonly Listed[] = [
  {
    name: "status",
    summary: "show the state of every worker",
    load: async () => (await import("./status.ts")).statusVerb,
  },
  {
    name: "import",
    summary: "import sessions from Telethon, Pyrogram, GramJS or mtcute",
    load: async () => (await import("./import.ts")).importVerb,
  },
  {
    name: "export",
    summary: "write a stopped worker's session as a string for another program",
    load: async () => (await import("./export.ts")).exportVerb,
  },
  {
    name: "backup",
    summary: "archive the whole fleet, or copy a stopped worker's session",
    load: async () => (await import("./backup.ts")).backupVerb,
  },
  {
    name: "restore",
    summary: "restore the whole fleet, or a worker's session",
    load: async () => (await import("./restore.ts")).restoreVerb,
  },
  {
    name: "rekey",
    summary: "encrypt every session and backup with a new fleet key",
    load: async () => (await import("./rekey.ts")).rekeyVerb,
  },
  {
    name: "routes",
    summary: "relay routes: apply, compare or write a file",
    load: async () => (await import("./routes.ts")).routesVerb,
  },
  {
    name: "upgrade",
    summary: "say what an upgrade would do, with --check",
    load: async () => (await import("./upgrade.ts")).upgradeVerb,
  },
  {
    name: "bot",
    summary: "run the bot alone, or take over from one whose host is gone",
    load: async () => (await import("./bot.ts")).botVerb,
  },
  {
    name: "doctor",
    summary: "check everything that can cost a session",
    load: async () => (await import("./doctor.ts")).doctorVerb,
  },
];

/** The list of all subcommands, for `--help` and for an unknown subcommand. */
export const USAGE = `Usage: flotilla <command>

  up        start everything and stay (the same as npm start)
  host      start only the workers of this machine, for a fleet with its bot on another one
${VERBS.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}\n`).join("")}
flotilla <command> --help says more. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage.
`;

/** The subcommand of this name, or null. `up` is not among them. */
export async function findVerb(name: string | undefined): Promise<Verb | null> {
  return (await VERBS.find((verb) => verb.name === name)?.load()) ?? null;
}

/** Runs a subcommand and prints its answer. Never rejects; resolves with the exit code. */
export async function runVerb(verb: Verb, args: readonly string[]): Promise<0 | 1 | 2> {
  const json = args.includes("--json");
  try {
    const options = {
      ...verb.options,
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    } as const;
    const { values, positionals } = parse(args, options);
    if (values["help"] === true) {
      return await print(verb.usage, 0);
    }
    const flags = values as Readonly<Record<string, string | boolean | undefined>>;
    return await say(
      await verb.run({ words: positionals, flags, place: findPlace(process.cwd()) }),
      json,
    );
  } catch (thrown) {
    return await explain(verb, thrown, json);
  }
}

function parse(args: readonly string[], options: Verb["options"]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's message quotes the whole argument, which may be a pasted session.
    const code = "code" in toError(error) ? (error as NodeJS.ErrnoException).code : undefined;
    throw new WrongUsage(
      code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE"
        ? "An option lacks its value, or has one too many."
        : "This command does not know one of the options.",
    );
  }
}

async function say({ exitCode, text, data }: Answer, json: boolean): Promise<0 | 1> {
  return await print(
    json ? `${JSON.stringify({ ok: exitCode === 0, ...data }, null, 2)}\n` : text,
    exitCode,
  );
}

/** Resolves when the text is written, because an exit loses data in a pipe; with 1 on failure. */
async function print<T extends number>(text: string, exitCode: T): Promise<T | 1> {
  const { promise, resolve } = Promise.withResolvers<T | 1>();
  const failed = (error: NodeJS.ErrnoException): void => {
    // The reader closed the pipe, as in `flotilla status | head -1`.
    if (error.code !== "EPIPE")
      new Output(2).write(`The answer cannot be written (${error.code ?? error.message}).\n`);
    resolve(error.code === "EPIPE" ? exitCode : 1);
  };
  process.stdout.once("error", failed);
  process.stdout.write(text, (error) => {
    if (!error) resolve(exitCode);
  });
  return await promise;
}

async function explain(verb: Verb, thrown: unknown, json: boolean): Promise<1 | 2> {
  const error = toError(thrown);
  const wrong = error instanceof WrongUsage;
  const known = wrong || error instanceof AppError;
  if (json) {
    const details = error instanceof AppError ? error.details : {};
    const shown = { code: shownCode(error), message: error.message, details };
    await print(`${JSON.stringify({ ok: false, error: shown }, null, 2)}\n`, 1);
  } else {
    const text = known ? error.message : (error.stack ?? error.message);
    new Output(2).write(wrong ? `${text}\n\n${verb.usage}` : `${text}\n`);
  }
  return wrong ? 2 : 1;
}

function shownCode(error: Error): string {
  if (error instanceof WrongUsage) return "usage";
  return codeOf(error) ?? "unexpected";
}
