import {
  type BackupConcern,
  backupConcerns,
  type HostBackup,
  type HostRow,
  STATUS_STALE_MS,
} from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import { type AlertBody, alertBody } from "./alert-body.ts";
import type { Condition } from "./watch.ts";

/** What is wrong with the backups of each host that is heard. */
export function backupConditions(hosts: readonly HostRow[], now: number): Condition[] {
  return hosts.filter((row) => now - row.at <= STATUS_STALE_MS).flatMap((row) => ofHost(row, now));
}

/** What is wrong with the backups of a bot's folder that no supervisor looks after. */
export function ownBackupConditions(backup: HostBackup, host: HostId, now: number): Condition[] {
  return conditionsOf({ host, backup }, { subject: OWN, suffix: "-own" }, now);
}

/** Subject of the bot's folder: no host has such a name. */
const OWN = "#bot";

/** Whether a host tells of its backups; while it does not, what is open stays. */
export function tellsOfBackup(host: HostId, hosts: readonly HostRow[], now: number): boolean {
  return hosts.some(
    (row) => row.host === host && row.backup !== undefined && now - row.at <= STATUS_STALE_MS,
  );
}

/** True for subjects of the bot's folder. */
export function isOwnBackupSubject(subject: string): boolean {
  return subject.endsWith(`:${OWN}`);
}

/** True for subjects of these conditions. */
export function isBackupSubject(subject: string): boolean {
  return subject.startsWith("backup:") || subject.startsWith("backup-place:");
}

function ofHost({ host, backup }: HostRow, now: number): Condition[] {
  return backup ? conditionsOf({ host, backup }, { subject: host, suffix: "" }, now) : [];
}

function conditionsOf(
  { host, backup }: { readonly host: HostId; readonly backup: HostBackup },
  { subject, suffix }: { readonly subject: string; readonly suffix: "" | "-own" },
  now: number,
): Condition[] {
  const concerns = backupConcerns(backup, now);
  const faults = concerns.filter((concern) => concern !== "same-disk");
  const body = (kind: AlertBody["kind"], details: Said[]): AlertBody =>
    alertBody({
      kind,
      host,
      title: say(`alert-${kind}${suffix}`, suffix === "" ? { host } : {}),
      details: [...details, say(`alert-${kind}-do`)],
      buttons: ["health"],
    });
  const details = faults.map((concern) => detailOf(concern, backup));
  const bad = { subject: `backup:${subject}`, body: body("backup", details) };
  const place = { subject: `backup-place:${subject}`, body: body("backup-place", []) };
  return [...(faults.length > 0 ? [bad] : []), ...(concerns.includes("same-disk") ? [place] : [])];
}

function detailOf(concern: BackupConcern, { problem, good, since }: HostBackup): Said {
  const at = good?.at ?? since;
  const code = problem?.code ?? "";
  if (concern === "too-old") return say(good ? "backup-too-old" : "backup-never", { at });
  if (concern === "damaged") return say("backup-damaged", { count: good?.damaged ?? 0 });
  return say(`backup-${concern}`, {
    // Not the words of the worker for the same code: nothing of the fleet stands still.
    code: code.startsWith("backup-") ? code : `backup-${code}`,
    why: problem?.message ?? "",
  });
}
