import type { WorkerStatus } from "@flotilla/contracts";
import { type Role, urgency } from "@flotilla/domain";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { CommandRow } from "../store/commands.ts";
import type { SilenceRow } from "../store/silences.ts";
import type { WizardStep } from "../wizard/wizard-state.ts";
import type { WizardRow } from "../wizard/wizard-store.ts";
import { say } from "../words/said.ts";
import type { Words } from "../words/words.ts";

/** One worker as screens see it. `status` is null when its host never reported it. */
export interface WorkerView {
  readonly id: WorkerId;
  readonly host: HostId;
  /** What people call it, or null. */
  readonly label: string | null;
  readonly tags: readonly string[];
  readonly status: WorkerStatus | null;
  readonly command: CommandRow | null;
  readonly openAlerts: number;
  readonly silence: SilenceRow | null;
}

/** Everything a screen may show; screens are functions of it. */
export interface FleetView {
  readonly now: number;
  /** The language of whoever looks. */
  readonly words: Words;
  readonly role: Role;
  readonly workers: readonly WorkerView[];
  readonly openAlerts: number;
  /** False = Redis is away and the statuses are the last known ones. */
  readonly fresh: boolean;
  /** The whole fleet is muted or in maintenance. */
  readonly silence: SilenceRow | null;
  readonly wizard: WizardRow | null;
  /** Digits entered on the keypad so far: how many, never which. */
  readonly digits: number;
}

/** Problems first, then by name. */
export function problemsFirst(workers: readonly WorkerView[]): WorkerView[] {
  const rank = (view: WorkerView): number => (view.status ? urgency(view.status.state) : -1);
  return [...workers].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

/** True when somebody should look at this worker. */
export function isProblem({ status }: WorkerView): boolean {
  return !status || !["RUNNING", "STOPPED", "CATCHING_UP", "MAINTENANCE"].includes(status.state);
}

/** Workers whose name, label or tag has this text; an exact name stands alone. */
export function matching<T extends Pick<WorkerView, "id" | "label" | "tags">>(workers: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  const exact = workers.filter((worker) => worker.id === wanted);
  if (exact.length > 0) return exact;
  return workers.filter((worker) =>
    [worker.id, worker.label ?? "", ...worker.tags].some((name) => name.toLowerCase().includes(wanted)),
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

/** Where the login of a worker stands for whoever looks. */
export function loginStep(view: FleetView, worker: WorkerId): WizardStep {
  return view.wizard?.worker === worker ? view.wizard.step : { kind: "ended", text: say("login-over") };
}
