import { STATUS_STALE_MS } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { KnownHosts } from "../health/known-hosts.ts";
import type { HostChoices } from "../workers/add.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import type { DrainStore } from "./drain-store.ts";
import { lighterFirst } from "./host-views.ts";

interface ChoicesDeps {
  readonly knownHosts: KnownHosts;
  readonly workers: Pick<WorkerStore, "all">;
  readonly drains: Pick<DrainStore, "of">;
  readonly clock: Pick<Clock, "now">;
}

/** The hosts that take another worker, by what they last said. */
export function hostChoices(deps: ChoicesDeps): HostChoices {
  const { knownHosts, workers, drains, clock } = deps;
  const heard = () => knownHosts.all().filter(({ at }) => clock.now() - at <= STATUS_STALE_MS);
  return {
    open: () => {
      const all = workers.all().filter(({ hostGone }) => !hostGone);
      return heard()
        .filter(({ host }) => drains.of(host) === null)
        .map((row) => ({
          host: row.host,
          row,
          workers: all.filter(({ host }) => host === row.host),
        }))
        .toSorted(lighterFirst)
        .map(({ host }) => host);
    },
    isDrained: () => heard().length > 0 && heard().every(({ host }) => drains.of(host) !== null),
  };
}
