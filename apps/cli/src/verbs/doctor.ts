import { checkArchives } from "./doctor/archives.ts";
import { checkCopies } from "./doctor/copies.ts";
import type { Finding, Patient } from "./doctor/finding.ts";
import { checkFleetKey } from "./doctor/fleet-key.ts";
import { checkHolders } from "./doctor/holders.ts";
import { checkLeftovers } from "./doctor/leftovers.ts";
import { checkNetwork } from "./doctor/network.ts";
import { checkOwnerLock } from "./doctor/owner-lock.ts";
import { checkPermissions } from "./doctor/permissions.ts";
import { checkRedisServer } from "./doctor/redis.ts";
import { checkSessions } from "./doctor/sessions.ts";
import { checkStopGrace } from "./doctor/stop-grace.ts";
import { checkTwins } from "./doctor/twins.ts";
import { type Answer, type Call, noMoreThan, type Verb } from "./verb.ts";

const USAGE = `Usage: flotilla doctor [--fix] [--json]

Checks everything that can cost a session, and changes nothing. Each finding says what it is, why it matters and what to
do. Exit code 1 when there is a problem; 0 with hints only.

  --fix    also corrects what needs no decision of yours: permissions, and leftovers of crashes. It never touches a
           session, a backup or a process.
`;

const CHECKS: readonly ((patient: Patient) => Finding[] | Promise<Finding[]>)[] = [
  checkPermissions,
  checkFleetKey,
  checkSessions,
  checkTwins,
  checkHolders,
  checkOwnerLock,
  checkCopies,
  checkArchives,
  checkLeftovers,
  checkRedisServer,
  checkStopGrace,
  checkNetwork,
];

export const doctorVerb: Verb = {
  name: "doctor",
  usage: USAGE,
  options: { fix: { type: "boolean" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 0);
    const findings = (
      await Promise.all(CHECKS.map(async (check) => await check({ place: call.place })))
    ).flat();
    const fixed =
      call.flags["fix"] === true
        ? findings.map(applyFix)
        : findings.map((finding) => ({ ...finding, fixed: false }));
    const problems = fixed.filter((each) => each.level === "problem" && !each.fixed).length;
    return {
      exitCode: problems > 0 ? 1 : 0,
      text: report(fixed, call),
      data: { problems, findings: fixed.map(printable) },
    };
  },
};

type Treated = Finding & { readonly fixed: boolean };

function applyFix(finding: Finding): Treated {
  try {
    finding.fix?.();
    return { ...finding, fixed: finding.fix !== undefined };
  } catch {
    return { ...finding, fixed: false };
  }
}

function printable({ fix, ...finding }: Treated) {
  return { ...finding, fixable: fix !== undefined };
}

function report(findings: readonly Treated[], { place }: Call): string {
  const where = `Checked ${place.dataDir}${place.sandbox ? " (the sandbox: there is no .env)" : ""}.\n`;
  if (findings.length === 0) return `${where}✓ Nothing found.\n`;
  const fixable = findings.some(({ fix, fixed }) => fix !== undefined && !fixed);
  const marks = { problem: "✗", hint: "·" } as const;
  const blocks = findings.map(({ level, what, why, todo, fixed }) =>
    fixed
      ? `✓ ${what}\n    Corrected.\n`
      : `${marks[level]} ${what}\n    Why it matters: ${why}\n    What to do: ${todo}\n`,
  );
  return `${where}${blocks.join("")}${fixable ? "flotilla doctor --fix corrects what needs no decision.\n" : ""}`;
}
