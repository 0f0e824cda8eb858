import { createHash } from "node:crypto";
import { areNeighbours, type HostRow, STATUS_STALE_MS } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { lighterFirst } from "../hosts/host-views.ts";
import type { WorkerRow } from "../workers/worker-store.ts";

/** Why a host cannot take a worker that moves. */
export type TargetProblem = "silent" | "drained" | "one" | "older" | "version" | "full";

interface Asked {
  readonly from: HostRow | null;
  readonly to: HostRow | null;
  /** The other host takes no workers until an owner ends that. */
  readonly isDrained: boolean;
  readonly now: number;
}

/** Null = it can take the worker. Both hosts have to be heard. */
export function problemOfTarget({ from, to, isDrained, now }: Asked): TargetProblem | null {
  const isHeard = (row: HostRow | null): row is HostRow =>
    row !== null && now - row.at <= STATUS_STALE_MS;
  if (!isHeard(to) || !isHeard(from)) return "silent";
  if (isDrained) return "drained";
  // Without leases nothing would keep two hosts apart.
  if (from.hosts === "one" || to.hosts === "one") return "one";
  if (!to.capacity || !from.capacity || !to.program || !from.program) return "older";
  if (!areNeighbours(from.program.runs.version, to.program.runs.version)) return "version";
  return to.capacity.room === 0 ? "full" : null;
}

/** What a target is chosen by. */
interface Choosing {
  readonly rows: readonly HostRow[];
  readonly workers: readonly Pick<WorkerRow, "host" | "hostGone">[];
  readonly isDrained: (host: HostId) => boolean;
  readonly now: number;
}

/** The least loaded host that can take a worker of this one; null = none can. */
export function targetFrom(
  from: HostId,
  { rows, workers, isDrained, now }: Choosing,
): HostId | null {
  const own = rows.find(({ host }) => host === from) ?? null;
  const [lightest] = rows
    .filter((to) => {
      const asked = { from: own, to, isDrained: isDrained(to.host), now };
      return to.host !== from && problemOfTarget(asked) === null;
    })
    .map((row) => ({
      host: row.host,
      row,
      workers: workers.filter(({ host, hostGone }) => host === row.host && !hostGone),
    }))
    .toSorted(lighterFirst);
  return lightest?.host ?? null;
}

/** A host in the argument of a button, which takes 16 characters. */
export function hostTag(host: HostId): string {
  return createHash("sha256").update(host).digest("hex").slice(0, 12);
}
