import type { Clock, WorkerId } from "@flotilla/kernel";
import type { AlertStore } from "../alerts/alert-store.ts";
import type { SilenceStore } from "../alerts/silence-store.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerStore } from "../workers/worker-store.ts";

/** Parts that know of a worker. */
export interface ForgetDeps {
  readonly workers: WorkerStore;
  readonly silences: SilenceStore;
  readonly alerts: AlertStore;
  readonly clock: Clock;
}

/**
 * Takes a worker off the list. It has no trouble any more; what silenced it is not for the next of
 * its name. `by`: the name of the admin.
 */
export function forgetWorker(
  { workers, silences, alerts, clock }: ForgetDeps,
  worker: WorkerId,
  by: string,
): void {
  workers.remove(worker);
  silences.forget(worker);
  for (const { n } of alerts.openOf(worker))
    alerts.resolve(n, say("solved-deleted", { by }), clock.now());
}
