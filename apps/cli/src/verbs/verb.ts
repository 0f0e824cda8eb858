import { createInterface } from "node:readline/promises";
import type { ParseArgsConfig } from "node:util";
import type { Place } from "../place/place.ts";

export interface Verb {
  readonly name: string;
  /** The text of `--help`. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig["options"]>;
  /** Throws {@link WrongUsage}, or AppError with its remedy. */
  run(call: Call): Promise<Answer>;
}

/** The arguments and the configuration of one call. */
export interface Call {
  readonly words: readonly string[];
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly place: Place;
}

/** The result of a subcommand. Exit code 0: fine; 1: a problem was found. */
export interface Answer {
  readonly exitCode: 0 | 1;
  /** Printed without `--json`; ends with a line break. */
  readonly text: string;
  /** For `--json`. Never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Wrong arguments: exit code 2. */
export class WrongUsage extends Error {
  override readonly name = "WrongUsage";
}

/**
 * Asks the user; true for yes. Throws WrongUsage without a terminal and without `--yes`. The
 * question goes to stderr, because scripts read stdout.
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

/** Throws WrongUsage without `--yes` when there is no terminal to ask. */
export function assertCanAsk(call: Call): void {
  if (call.flags["yes"] === true || (process.stdin.isTTY && call.flags["json"] !== true)) return;
  throw new WrongUsage(
    "This needs a confirmation, and there is no terminal to ask. Add --yes when you are sure.",
  );
}

/** The positional argument at `index`. Throws WrongUsage when it is missing. */
export function word(call: Call, index: number, what: string): string {
  const found = call.words[index];
  if (found !== undefined && found !== "") return found;
  throw new WrongUsage(`Say ${what}.`);
}

/** Throws WrongUsage when there are more words than `count`. */
export function noMoreThan(call: Call, count: number): void {
  const surplus = call.words[count];
  if (surplus !== undefined) throw new WrongUsage("There are too many words.");
}
