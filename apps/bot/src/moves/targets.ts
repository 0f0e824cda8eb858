import { createHash } from "node:crypto";
import { type HostRow, STATUS_STALE_MS } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";

/** Why a host cannot take a worker that moves. */
export type TargetProblem = "silent" | "one" | "older" | "version" | "full" | "drained";

interface Asked {
  readonly from: HostRow | null;
  readonly to: HostRow | null;
  readonly isDrained: boolean;
  readonly now: number;
}

/** Null = it can take the worker. Both hosts have to be heard. */
export function problemOfTarget({ from, to, isDrained, now }: Asked): TargetProblem | null {
  const isHeard = (row: HostRow | null): row is HostRow =>
    row !== null && now - row.at <= STATUS_STALE_MS;
  if (!isHeard(to) || !isHeard(from)) return "silent";
  // Without leases nothing would keep two hosts apart.
  if (from.hosts === "one" || to.hosts === "one") return "one";
  if (!to.capacity || !from.capacity || !to.program || !from.program) return "older";
  if (!areNeighbours(from.program.runs.version, to.program.runs.version)) return "version";
  if (to.capacity.room === 0) return "full";
  return isDrained ? "drained" : null;
}

/** Versions of one major number whose minor numbers differ by one at most. */
function areNeighbours(one: string, other: string): boolean {
  const [major, minor] = numbersOf(one);
  const [otherMajor, otherMinor] = numbersOf(other);
  return major === otherMajor && Math.abs(minor - otherMinor) <= 1;
}

function numbersOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor];
}

/** A host in the argument of a button, which takes 16 characters. */
export function hostTag(host: HostId): string {
  return createHash("sha256").update(host).digest("hex").slice(0, 12);
}
