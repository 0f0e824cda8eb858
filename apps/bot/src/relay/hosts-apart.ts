import type { HostRow, Route } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { WorkerStore } from "../workers/worker-store.ts";

/** What is known of the hosts of a route. */
export interface RouteHosts {
  readonly workers: Pick<WorkerStore, "find">;
  readonly knownHosts: { all(): readonly HostRow[] };
}

/**
 * The hosts of a route's reader and sender, when they are two and the first one serves no files to
 * others. Null = files can go; so it is while the reader's host was not heard. A bot or a webhook
 * gets the text of a file that it cannot have.
 */
export function hostsApart(
  { from, to }: Route,
  { workers, knownHosts }: RouteHosts,
): { readonly from: HostId; readonly to: HostId } | null {
  if (to.kind !== "worker") return null;
  const reads = workers.find(from.worker)?.host;
  const delivers = workers.find(to.worker)?.host;
  if (reads === undefined || delivers === undefined || reads === delivers) return null;
  const row = knownHosts.all().find(({ host }) => host === reads);
  return row === undefined || row.files === true ? null : { from: reads, to: delivers };
}
