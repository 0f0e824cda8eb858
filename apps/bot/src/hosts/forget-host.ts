import type { Asker, WorkerStatus } from "@flotilla/contracts";
import type { Clock, HostId, WorkerId } from "@flotilla/kernel";
import { type HostBoard, troubleOf } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { AuditStore } from "../admins/audit-store.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import type { KnownHosts } from "../health/known-hosts.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { Views } from "../workers/views.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import type { DrainStore } from "./drain-store.ts";
import { hostViews, isGone } from "./host-views.ts";

/** Parts that know of a host. */
export interface ForgetHostDeps {
  readonly db: Database;
  readonly knownHosts: KnownHosts;
  readonly hostBoard: Pick<HostBoard, "all" | "forget">;
  readonly standbyBoard: { drop(worker: WorkerId, host: HostId): Promise<void> };
  readonly workers: WorkerStore;
  readonly views: Pick<Views, "of">;
  readonly alerts: AlertStore;
  readonly audit: AuditStore;
  readonly clock: Clock;
  readonly drains: DrainStore;
  readonly moving: { forgetHost(host: HostId): void };
  readonly forgetWorker: (worker: WorkerId, by: Asker) => void;
}

/** What becomes of the workers of a forgotten host. */
export type Left = "delete" | "keep";

/**
 * Forgets a host that is gone for good: its rows in Redis, its alerts, and its workers, which are
 * deleted or stay on the list without a host. Null = done; else why nothing was done.
 */
export async function forgetHost(
  deps: ForgetHostDeps,
  host: HostId,
  left: Left,
  by: Asker,
): Promise<Said | null> {
  const { db, knownHosts, hostBoard, workers, alerts, audit, clock } = deps;
  try {
    // It may have come back while the question was open.
    knownHosts.keep(await hostBoard.all());
    const now = clock.now();
    const view = await deps.views.of(by.id);
    const found = hostViews(view, knownHosts.all(), []).find((each) => each.host === host);
    if (!found) return say("toast-host-unknown", { host });
    if (view.trouble !== null || !isGone(found, now)) return say("toast-host-lives", { host });
    const names = found.workers.map(({ id }) => id);
    await hostBoard.forget(host, names);
    // No other host may start later what is deleted here.
    if (left === "delete") for (const id of names) await deps.standbyBoard.drop(id, host);
    db.transaction(() => {
      knownHosts.forget(host);
      deps.moving.forgetHost(host);
      deps.drains.end(host, { at: now, how: "forgotten" });
      if (left === "delete") for (const id of names) deps.forgetWorker(id, by);
      else workers.hostGone(host);
      for (const { n, body } of alerts.allOpen())
        if (isOfHost(body, host, names)) alerts.resolve(n, say("solved-host-forgotten", by), now);
      audit.write(by, say("audit-host-forgotten", { host, count: names.length }), null, now);
    });
    return null;
  } catch (error) {
    return say(`problem-redis-${troubleOf(error)}`);
  }
}

function isOfHost(
  { host, worker }: { readonly host: HostId; readonly worker: WorkerStatus["worker"] | null },
  gone: HostId,
  workers: readonly WorkerId[],
): boolean {
  return worker === null ? host === gone : workers.includes(worker);
}
