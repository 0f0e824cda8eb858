import { parseArgs } from "node:util";
import { AppError, toError } from "@flotilla/kernel";
import { backupVerb } from "./backup.ts";
import { doctorVerb } from "./doctor.ts";
import { exportVerb } from "./export.ts";
import { importVerb } from "./import.ts";
import { findPlace } from "./place.ts";
import { rekeyVerb } from "./rekey.ts";
import { restoreVerb } from "./restore.ts";
import { routesVerb } from "./routes.ts";
import { statusVerb } from "./status.ts";
import { type Answer, type Verb, WrongUsage } from "./verb.ts";

const VERBS: readonly Verb[] = [statusVerb, importVerb, exportVerb, backupVerb, restoreVerb, rekeyVerb, routesVerb, doctorVerb];

/** The list of all subcommands, for `--help` and for a wrong one. */
export const USAGE = `Usage: flotilla <command>

  up        start everything and stay (the same as npm start)
${VERBS.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}\n`).join("")}
flotilla <command> --help says more. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage.
`;

/** The subcommand of this name, if there is one here. `up` is not. */
export function findVerb(name: string | undefined): Verb | null {
  return VERBS.find((verb) => verb.name === name) ?? null;
}

/** Runs a subcommand to its end and prints what it says. Never throws; resolves with the exit code. */
export async function runVerb(verb: Verb, args: readonly string[]): Promise<0 | 1 | 2> {
  const json = args.includes("--json");
  try {
    const options = { ...verb.options, json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
    const { values, positionals } = parse(args, options);
    if (values["help"] === true) {
      process.stdout.write(verb.usage);
      return 0;
    }
    const flags = values as Readonly<Record<string, string | boolean | undefined>>;
    return say(await verb.run({ words: positionals, flags, place: findPlace(process.cwd()) }), json);
  } catch (thrown) {
    return explain(verb, thrown, json);
  }
}

function parse(args: readonly string[], options: Verb["options"]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node quotes the whole argument, which may be a session that somebody pasted.
    const code = "code" in toError(error) ? (error as NodeJS.ErrnoException).code : undefined;
    throw new WrongUsage(
      code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE"
        ? "An option lacks its value, or has one too many."
        : "There is an option that this command does not know.",
    );
  }
}

function say({ exitCode, text, data }: Answer, json: boolean): 0 | 1 {
  process.stdout.write(json ? `${JSON.stringify({ ok: exitCode === 0, ...data }, null, 2)}\n` : text);
  return exitCode;
}

function explain(verb: Verb, thrown: unknown, json: boolean): 1 | 2 {
  const error = toError(thrown);
  const wrong = error instanceof WrongUsage;
  const code = wrong ? "usage" : error instanceof AppError ? error.code : "unexpected";
  const known = wrong || error instanceof AppError;
  if (json) {
    const details = error instanceof AppError ? error.details : {};
    process.stdout.write(`${JSON.stringify({ ok: false, error: { code, message: error.message, details } }, null, 2)}\n`);
  } else {
    process.stderr.write(`${known ? error.message : (error.stack ?? error.message)}\n${wrong ? `\n${verb.usage}` : ""}`);
  }
  return wrong ? 2 : 1;
}
