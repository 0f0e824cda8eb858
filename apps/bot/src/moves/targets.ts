import { createHash } from "node:crypto";
import { areNeighbours, type HostRow, STATUS_STALE_MS } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";

/** Why a host cannot take a worker that moves. */
export type TargetProblem = "silent" | "one" | "older" | "version" | "full";

interface Asked {
  readonly from: HostRow | null;
  readonly to: HostRow | null;
  readonly now: number;
}

/** Null = it can take the worker. Both hosts have to be heard. */
export function problemOfTarget({ from, to, now }: Asked): TargetProblem | null {
  const isHeard = (row: HostRow | null): row is HostRow =>
    row !== null && now - row.at <= STATUS_STALE_MS;
  if (!isHeard(to) || !isHeard(from)) return "silent";
  // Without leases nothing would keep two hosts apart.
  if (from.hosts === "one" || to.hosts === "one") return "one";
  if (!to.capacity || !from.capacity || !to.program || !from.program) return "older";
  if (!areNeighbours(from.program.runs.version, to.program.runs.version)) return "version";
  return to.capacity.room === 0 ? "full" : null;
}

/** A host in the argument of a button, which takes 16 characters. */
export function hostTag(host: HostId): string {
  return createHash("sha256").update(host).digest("hex").slice(0, 12);
}
