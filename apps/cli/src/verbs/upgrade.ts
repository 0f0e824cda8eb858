import { checkArchive } from "./upgrade/archive.ts";
import { checkDatabases } from "./upgrade/databases.ts";
import { checkGit } from "./upgrade/git.ts";
import { checkHosts } from "./upgrade/hosts.ts";
import type { Line } from "./upgrade/line.ts";
import { checkPackages } from "./upgrade/packages.ts";
import { type Answer, noMoreThan, type Verb, WrongUsage } from "./verb.ts";

const USAGE = `Usage: flotilla upgrade --check [--json]

Says what git pull && npm start would do, and changes nothing: versions, newer code that git knows of, packages,
databases, the latest archive, the hosts. Works while everything runs, without Redis and without git.
Exit code 0 = go; 1 when something prevents it, with what to do. The upgrade itself: docs/runbooks/upgrade.md
`;

const MARKS = { ok: "✓", note: "·", problem: "✗" } as const;

export const upgradeVerb: Verb = {
  name: "upgrade",
  usage: USAGE,
  options: { check: { type: "boolean" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 0);
    const { flags, place } = call;
    if (flags["check"] !== true)
      throw new WrongUsage("Say --check. The upgrade itself is git pull && npm start.");
    const [hosts, git, databases, archive] = await Promise.all([
      checkHosts(place),
      checkGit(place.root),
      checkDatabases(place),
      checkArchive(place),
    ]);
    const lines = [...hosts, ...git, ...checkPackages(place.root), ...databases, ...archive];
    const problems = lines.filter(({ level }) => level === "problem").length;
    return {
      exitCode: problems > 0 ? 1 : 0,
      text: `${lines.map(textOf).join("")}${endOf(problems)}`,
      data: { problems, lines },
    };
  },
};

function textOf({ level, what, todo }: Line): string {
  return `${MARKS[level]} ${what}\n${todo === null ? "" : `    ${todo}\n`}`;
}

function endOf(problems: number): string {
  if (problems === 0) return "Nothing prevents the upgrade: git pull && npm start\n";
  return problems === 1 ? "One problem prevents it.\n" : `${problems} problems prevent it.\n`;
}
