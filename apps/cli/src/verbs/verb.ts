import { createInterface } from "node:readline/promises";
import type { ParseArgsConfig } from "node:util";
import type { Place } from "../place/place.ts";

/** One subcommand. */
export interface Verb {
  readonly name: string;
  /** One line of the list. */
  readonly summary: string;
  /** The text of `--help`. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Throws {@link WrongUsage}, or AppError with its remedy. */
  run(call: Call): Promise<Answer>;
}

/** What a subcommand was called with. */
export interface Call {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly place: Place;
}

/** What it has to say. Exit code 0 = fine, 1 = a problem was found. */
export interface Answer {
  readonly exitCode: 0 | 1;
  /** For people; ends with a line break. */
  readonly text: string;
  /** For `--json`. Never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The command was not called as it should be: exit code 2. */
export class WrongUsage extends Error {
  override readonly name = "WrongUsage";
}

/**
 * True when a person says yes. Without a terminal nobody can be asked, so `--yes` has to be there: WrongUsage. The
 * question goes to stderr, so that stdout stays what a script reads.
 */
export async function confirmed(call: Call, question: string): Promise<boolean> {
  if (call.flags["yes"] === true) return true;
  assertCanAsk(call);
  const asker = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^\s*y(es)?\s*$/i.test(await asker.question(`${question} [y/N] `));
  } finally {
    asker.close();
  }
}

/** WrongUsage unless `--yes` was given or there is a person to ask. */
export function assertCanAsk(call: Call): void {
  if (call.flags["yes"] === true || (process.stdin.isTTY && call.flags["json"] !== true)) return;
  throw new WrongUsage("This needs a confirmation and there is nobody to ask. Add --yes when you are sure.");
}

/** The only positional argument, or the first of several. WrongUsage when there is none. */
export function word(call: Call, index: number, what: string): string {
  const found = call.words[index];
  if (found !== undefined && found !== "") return found;
  throw new WrongUsage(`Say ${what}.`);
}

/** WrongUsage when there are more words than expected. */
export function noMoreThan(call: Call, count: number): void {
  const surplus = call.words[count];
  if (surplus !== undefined) throw new WrongUsage("There is a word too many.");
}
