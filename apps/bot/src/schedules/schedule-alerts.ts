import type { HostId } from "@flotilla/kernel";
import { parseHostId } from "@flotilla/kernel";
import { alertBody } from "../alerts/alert-body.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import { say } from "../kit/words/said.ts";
import type { Answers } from "../workers/answers.ts";
import type { RunRow, ScheduleStore } from "./schedule-store.ts";

interface TellDeps {
  readonly alerts: AlertStore;
  readonly host: HostId;
  readonly schedules: Pick<ScheduleStore, "told" | "setTold">;
  readonly answers: Pick<Answers, "findingsOf">;
}

/** So many findings stand on an alert; 🩺 Doctor has all. */
const SHOWN = 5;

/**
 * A run that failed opens an alert, the next good one ends it. An archive has an alert of its own,
 * by the host that makes it.
 */
export function tellOfRun({ alerts, host }: TellDeps, run: RunRow, now: number): void {
  if (run.schedule === "archive" || run.schedule === "check") return;
  const subject = `schedule:${run.schedule}`;
  const failed = run.parts.filter(({ state }) => state === "failed");
  const open = alerts.open(subject);
  if (failed.length === 0) {
    if (open) alerts.resolve(open.n, say("solved-itself"), now);
    return;
  }
  const lines = failed
    .slice(0, SHOWN)
    .map(({ key, said }) => say("alert-schedule-part", { key, why: said.slice(0, 200) }));
  const title = say("alert-schedule", {
    what: run.schedule,
    failed: failed.length,
    total: run.parts.length,
  });
  alerts.raise(
    subject,
    alertBody({
      kind: "schedule",
      host,
      title,
      details: [...lines, say("alert-schedule-do")],
      buttons: ["schedules", "health"],
    }),
    now,
  );
}

/** What a self-check found that is wrong and was not told opens an alert; a clean one ends it. */
export function tellOfFindings(deps: TellDeps, run: RunRow, now: number): void {
  const { alerts, schedules, answers } = deps;
  const told = { ...schedules.told() };
  for (const { key, id, state } of run.parts) {
    const findings = state === "done" ? answers.findingsOf(id) : null;
    if (!findings) continue;
    const problems = findings.filter(({ level }) => level === "problem");
    const known = told[key] ?? [];
    const fresh = problems.filter(({ what }) => !known.includes(withoutNumbers(what)));
    told[key] = problems.map(({ what }) => withoutNumbers(what));
    const subject = `check:${key}`;
    const open = alerts.open(subject);
    if (open && (problems.length === 0 || fresh.length > 0))
      alerts.resolve(open.n, say("solved-itself"), now);
    if (fresh.length === 0) continue;
    const lines = problems
      .slice(0, SHOWN)
      .map(({ what, todo }) => say("alert-check-found", { what, todo }));
    const title = say("alert-check", { host: key, count: problems.length });
    const body = alertBody({
      kind: "schedule",
      host: parseHostId(key),
      title,
      details: lines,
      buttons: ["doctor", "schedules"],
    });
    alerts.raise(subject, body, now);
  }
  schedules.setTold(told);
}

/** An age or a number of bytes in a finding changes each day, and is no news. */
function withoutNumbers(what: string): string {
  return what.replace(/\d+/g, "#").slice(0, 200);
}
