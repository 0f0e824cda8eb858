import { type Said, say } from "../kit/words/said.ts";

/** `/help` with the commands that this admin may give, each with an example (field fault D7). */
export function helpFor(commands: readonly string[]): Said[] {
  return [say("help"), ...commands.map((name) => say(`help-${name}`)), say("help-end")];
}

/**
 * What is said about a command that there is not: the one that was probably meant, and where all of
 * them are.
 */
export function unknownCommand(name: string, commands: readonly string[]): Said {
  const [nearest] = commands
    .map((command) => ({ command, away: distance(name, command) }))
    .filter(({ command, away }) => away <= 2 || command.startsWith(name))
    .sort((a, b) => a.away - b.away);
  return nearest
    ? say("unknown-command-near", { name, near: nearest.command })
    : say("unknown-command", { name });
}

/** How many letters differ, are missing or are too many. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(
        Math.min(
          (row[j + 1] ?? 0) + 1,
          (next[j] ?? 0) + 1,
          (row[j] ?? 0) + (letter === other ? 0 : 1),
        ),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}
