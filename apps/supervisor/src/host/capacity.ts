import { availableParallelism, loadavg, totalmem } from "node:os";
import type { HostCapacity, WorkerStatus } from "@flotilla/contracts";

/** Memory of a worker before one of this host was measured. Bytes. */
const USUAL_WORKER_BYTES = 110_000_000;
/** This share of the memory stays free for the system. */
const SPARE = 0.1;

/** Measures this host now. `statuses`: its workers. */
export function measureCapacity(statuses: readonly WorkerStatus[]): HostCapacity {
  const limit = process.constrainedMemory();
  const memoryBytes = limit > 0 && limit < totalmem() ? limit : totalmem();
  const freeBytes = Math.min(process.availableMemory(), memoryBytes);
  const workers: Record<string, number> = {};
  for (const { state } of statuses) workers[state] = (workers[state] ?? 0) + 1;
  return {
    memoryBytes,
    freeBytes,
    cores: availableParallelism(),
    load: loadavg()[0] ?? 0,
    workers,
    room: roomOf(statuses, memoryBytes, freeBytes),
  };
}

/** Number of further workers that the free memory holds, by what those that run use. */
export function roomOf(
  statuses: readonly WorkerStatus[],
  memoryBytes: number,
  freeBytes: number,
): number {
  const used = statuses.flatMap(({ vitals, pid }) => (pid !== null && vitals?.rssBytes) || []);
  const one =
    used.length === 0 ? USUAL_WORKER_BYTES : used.reduce((sum, each) => sum + each) / used.length;
  return Math.max(0, Math.floor((freeBytes - SPARE * memoryBytes) / one));
}
