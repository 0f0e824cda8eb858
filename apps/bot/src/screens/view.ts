import type { WorkerStatus } from "@flotilla/contracts";
import { stateIcon, urgency } from "@flotilla/contracts";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { RedisTrouble } from "@flotilla/queue";
import type { Rollup } from "../charts/rollup.ts";
import type { Role } from "../roles.ts";
import type { CommandRow } from "../store/commands.ts";
import type { SilenceRow } from "../store/silences.ts";
import type { WizardStep } from "../wizard/wizard-state.ts";
import type { WizardRow } from "../wizard/wizard-store.ts";
import { say } from "../words/said.ts";
import type { Words } from "../words/words.ts";
import type { Html } from "./html.ts";

/** One worker as screens see it. `status` is null when its host never reported it. */
export interface WorkerView {
  readonly id: WorkerId;
  readonly host: HostId;
  /** What people call it, or null. */
  readonly label: string | null;
  readonly tags: readonly string[];
  readonly status: WorkerStatus | null;
  /**
   * Its host is silent since then: `status` is what it said last. Null while it is heard, or while
   * Redis is away.
   */
  readonly staleSince: number | null;
  /** What it did in the last 24 h; null without any record. */
  readonly day: Rollup | null;
  readonly command: CommandRow | null;
  readonly openAlerts: number;
  readonly silences: readonly SilenceRow[];
}

/** Everything a screen may show; screens are functions of it. */
export interface FleetView {
  readonly now: number;
  /** The language of the reader. */
  readonly words: Words;
  readonly role: Role;
  readonly workers: readonly WorkerView[];
  readonly openAlerts: number;
  /** Why Redis is away: then the statuses are the last known ones. Null = it is there. */
  readonly trouble: RedisTrouble | null;
  /** Those of the whole fleet. */
  readonly silences: readonly SilenceRow[];
  readonly wizard: WizardRow | null;
  /** Digits entered on the keypad so far: how many, never which. */
  readonly digits: number;
}

/** Problems first, then by name. */
export function problemsFirst(workers: readonly WorkerView[]): WorkerView[] {
  const rank = ({ status, staleSince }: WorkerView): number =>
    status && staleSince === null ? urgency(status.state) : -1;
  return [...workers].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

/** True when this worker needs an admin. */
export function isProblem({ status, staleSince }: WorkerView): boolean {
  return (
    !status ||
    staleSince !== null ||
    !["RUNNING", "STOPPED", "CATCHING_UP", "MAINTENANCE"].includes(status.state)
  );
}

/** The icon of its state; a question mark when the state is unknown. */
export function iconOf({ status, staleSince }: Pick<WorkerView, "status" | "staleSince">): string {
  return status && staleSince === null ? stateIcon(status.state) : "❔";
}

/**
 * Workers whose name, label or tag has this text; an exact name stands alone, and `#eu` is the
 * whole tag.
 */
export function matching<T extends Pick<WorkerView, "id" | "label" | "tags">>(
  workers: readonly T[],
  text: string,
): T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted.startsWith("#"))
    return workers.filter((worker) => worker.tags.includes(wanted.slice(1)));
  const exact = workers.filter((worker) => worker.id === wanted);
  if (exact.length > 0) return exact;
  return workers.filter((worker) =>
    [worker.id, worker.label ?? "", ...worker.tags].some((name) =>
      name.toLowerCase().includes(wanted),
    ),
  );
}

/** The name as people see it. */
export function nameOf(worker: Pick<WorkerView, "id" | "label">): string {
  return worker.label === null ? worker.id : `${worker.label} (${worker.id})`;
}

/** How many workers have the tag; empty = all. */
export function countOf(view: FleetView, tag: string): number {
  return view.workers.filter((worker) => tag === "" || worker.tags.includes(tag)).length;
}

/** Where the login of a worker stands, as the reader sees it. */
export function loginStep(view: FleetView, worker: WorkerId): WizardStep {
  return view.wizard?.worker === worker
    ? view.wizard.step
    : { kind: "ended", text: say("login-over") };
}

/** A line for each host that was not heard for too long, with what is not known because of it. */
export function silentHosts({ words, workers }: FleetView): Html[] {
  const silent = workers.filter((worker) => worker.staleSince !== null);
  return [...new Set(silent.map((worker) => worker.host))].map((host) => {
    const there = silent.filter((worker) => worker.host === host);
    return words.html("host-silent", {
      host,
      at: Math.max(...there.map((worker) => worker.staleSince ?? 0)),
      count: there.length,
    });
  });
}

/** A text that is not broken over two lines, such as a masked phone number. */
export function unbroken(text: string): string {
  return text.replace(/ /g, "\u00a0");
}
