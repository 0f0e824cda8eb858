import { type HostRow, loadOf, STATUS_STALE_MS } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { FleetView, WorkerView } from "../workers/view.ts";
import type { Drain } from "./drain.ts";

/** One host as its screens see it. Times in milliseconds since the epoch. */
export interface HostView {
  readonly host: HostId;
  /** What its supervisor last said; null = nothing since this bot started. */
  readonly row: HostRow | null;
  readonly heardAt: number | null;
  /** False = it is silent for more than 30 s. */
  readonly isHeard: boolean;
  readonly workers: readonly WorkerView[];
  /** Why it takes no workers; null = it takes them. */
  readonly drain: Drain | null;
}

/** A host that is silent for longer can be forgotten. Milliseconds. */
const GONE_MS = 60_000;

/** Every host that was heard or has a worker: the least loaded first, silent ones last. */
export function hostViews(
  view: Pick<FleetView, "workers" | "now">,
  rows: readonly HostRow[],
  drains: readonly Drain[],
): HostView[] {
  const owned = view.workers.filter(({ hostGone }) => !hostGone);
  const names = new Set([...rows.map(({ host }) => host), ...owned.map(({ host }) => host)]);
  return [...names]
    .map((host) => {
      const row = rows.find((each) => each.host === host) ?? null;
      const workers = owned.filter((worker) => worker.host === host);
      const told = workers.flatMap(({ status }) => (status?.host === host && status) || []);
      const times = [...(row ? [row.at] : []), ...told.map(({ updatedAt }) => updatedAt)];
      const heardAt = times.length === 0 ? null : Math.max(...times);
      const isHeard = row !== null && view.now - row.at <= STATUS_STALE_MS;
      const drain = drains.find((each) => each.host === host) ?? null;
      return { host, row, heardAt, isHeard, workers, drain };
    })
    .toSorted((a, b) => Number(b.isHeard) - Number(a.isHeard) || lighterFirst(a, b));
}

/** What a host is chosen by. */
interface Weighed extends Pick<HostView, "host" | "row"> {
  readonly workers: { readonly length: number };
}

/** Sorts by load in steps of a tenth, then by number of workers, then by name. */
export function lighterFirst(a: Weighed, b: Weighed): number {
  return (
    tenths(a.row) - tenths(b.row) ||
    a.workers.length - b.workers.length ||
    a.host.localeCompare(b.host)
  );
}

/** A host that does not say what it can carry comes after those that do. */
function tenths(row: HostRow | null): number {
  return row?.capacity ? Math.round(loadOf(row.capacity) * 10) : Number.MAX_SAFE_INTEGER;
}

/** Whether an owner may forget it: nothing was heard of it for more than a minute. */
export function isGone({ heardAt }: Pick<HostView, "heardAt">, now: number): boolean {
  return heardAt === null || now - heardAt > GONE_MS;
}
