import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { childEnv } from "@flotilla/config";
import { type Line, linesOf } from "./line.ts";

const { ok, note, problem } = linesOf("git");
const run = promisify(execFile);
/** A repository on a slow disk; git asks no network here. */
const GIT_MS = 20_000;
const NAMED = 8;

/**
 * What git knows of the upstream without fetching: how far behind the checkout is, and local
 * changes that a pull would meet. Writes nothing. Without git, or without an upstream, a note.
 */
export async function checkGit(root: string): Promise<Line[]> {
  if ((await git(root, "rev-parse", "HEAD")) === null)
    return [
      note("This is no git checkout, or git is not installed: nothing is known of newer code."),
    ];
  const upstream = await git(root, "rev-parse", "--abbrev-ref", "@{upstream}");
  if (upstream === null)
    return [
      note(
        "This branch follows no other one, so git pull has nothing to pull.",
        "git branch --set-upstream-to=origin/main",
      ),
    ];
  const behind = Number(await git(root, "rev-list", "--count", "HEAD..@{upstream}"));
  const ahead = Number(await git(root, "rev-list", "--count", "@{upstream}..HEAD"));
  const changed = names(await git(root, "diff", "--name-only", "HEAD"));
  const untracked = names(await git(root, "ls-files", "--others", "--exclude-standard"));
  const pulled = new Set(names(await git(root, "diff", "--name-only", "HEAD...@{upstream}")));
  const met = [...changed, ...untracked].filter((name) => pulled.has(name));
  return [
    behind === 0
      ? ok(`No newer code is known: this checkout is at ${upstream}, as of the last git fetch.`)
      : note(
          `git pull would bring ${count(behind, "commit")} of ${upstream}, as of the last git fetch.`,
        ),
    ...(ahead > 0 && behind > 0
      ? [note(`This checkout has ${count(ahead, "commit")} of its own: git pull has to merge.`)]
      : []),
    ...(met.length > 0
      ? [
          problem(
            `Local changes that git pull would meet: ${shown(met)}.`,
            "git stash (and git stash pop after it), or commit them.",
          ),
        ]
      : []),
    ...(met.length === 0 && changed.length > 0
      ? [note(`Local changes that git pull leaves alone: ${shown(changed)}.`)]
      : []),
    ...(pulled.has("package-lock.json")
      ? [
          note(
            "The newer code wants other packages: npm start installs them, from the npm registry.",
          ),
        ]
      : []),
  ];
}

async function git(root: string, ...args: string[]): Promise<string | null> {
  try {
    // Without optional locks git does not refresh its index.
    const env = { ...childEnv({}), GIT_OPTIONAL_LOCKS: "0" };
    const { stdout } = await run("git", ["-C", root, ...args], { env, timeout: GIT_MS });
    return stdout.trim();
  } catch {
    return null;
  }
}

function names(output: string | null): string[] {
  return (output ?? "").split("\n").filter((name) => name !== "");
}

function shown(all: readonly string[]): string {
  const more = all.length - NAMED;
  return `${all.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
