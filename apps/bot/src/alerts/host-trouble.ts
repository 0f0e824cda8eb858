import type { FleetEvent, HostTrouble } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import { alertBody } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";

/**
 * What the bot itself finds, besides what hosts tell: its own database was deleted, or its disk is
 * full; the supervisor ended, or the launcher cannot keep it up.
 */
export type Trouble =
  | HostTrouble
  | "control-deleted"
  | "control-disk-full"
  | "supervisor-ended"
  | "supervisor-down";

/** Opens, changes or closes the alert of what a host tells of itself. */
export function applyHostTrouble(
  store: AlertStore,
  event: Extract<FleetEvent, { kind: "host.trouble" }>,
  solvedBy: (openedAt: number) => Said,
): void {
  const { trouble, host, detail, over, at, backupAt = null } = event;
  if (!over) {
    raiseTrouble(store, { trouble, host, detail, at, backupAt });
    return;
  }
  const open = store.open(subjectOf(host, trouble));
  if (open) store.resolve(open.n, solvedBy(open.openedAt), at);
}

/** Opens the alert, or changes what it says. */
export function raiseTrouble(
  store: AlertStore,
  {
    trouble,
    host,
    detail,
    at,
    backupAt = null,
  }: {
    readonly trouble: Trouble;
    readonly host: HostId;
    readonly detail: string;
    readonly at: number;
    /** Of a lost host.db. */
    readonly backupAt?: number | null;
  },
): void {
  const kind = trouble === "sessions-idle" ? "sessions-idle" : "host-files";
  const details = [
    say("alert-trouble-detail", { detail }),
    say(`alert-trouble-${backupAt === null ? trouble : "record-backup"}-do`, { host }),
  ];
  store.raise(
    subjectOf(host, trouble),
    alertBody({
      kind,
      host,
      code: trouble,
      title: say(`alert-trouble-${trouble}`, { host }),
      details,
      ...(backupAt === null ? {} : { backupAt }),
      buttons: trouble === "sessions-idle" ? ["add", "doctor"] : ["doctor", "health"],
    }),
    at,
  );
}

/** One alert per host and trouble. */
export function subjectOf(host: HostId, trouble: Trouble): string {
  return `trouble:${host}:${trouble}`;
}
