import type { WorkerStatus } from "@flotilla/contracts";
import { urgency } from "@flotilla/domain";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { CommandRow } from "../store/commands.ts";
import type { WizardRow } from "../wizard/wizard-store.ts";
import type { Words } from "../words/words.ts";

/** One worker as screens see it. `status` is null when its host never reported it. */
export interface WorkerView {
  readonly id: WorkerId;
  readonly host: HostId;
  readonly status: WorkerStatus | null;
  readonly command: CommandRow | null;
}

/** Everything a screen may show; screens are functions of it. */
export interface FleetView {
  readonly now: number;
  /** The language of whoever looks. */
  readonly words: Words;
  readonly workers: readonly WorkerView[];
  readonly openAlerts: number;
  /** False = Redis is away and the statuses are the last known ones. */
  readonly fresh: boolean;
  readonly wizard: WizardRow | null;
  /** Digits entered on the keypad so far: how many, never which. */
  readonly digits: number;
}

/** Problems first, then by name. */
export function problemsFirst(workers: readonly WorkerView[]): WorkerView[] {
  const rank = (view: WorkerView): number => (view.status ? urgency(view.status.state) : -1);
  return [...workers].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}
