import type { RelayStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/**
 * The order in which workers start: whoever delivers for another one before that one, else as they come. Pure. Two that deliver
 * for each other stay as they come: their messages wait on disk for so long.
 */
export function startOrder(
  workers: readonly WorkerId[],
  readers: readonly Pick<RelayStatus, "worker" | "senders">[],
): WorkerId[] {
  const senders = new Map(readers.map((reader) => [reader.worker, reader.senders]));
  const order = new Set<WorkerId>();
  const seen = new Set<WorkerId>();
  const visit = (worker: WorkerId): void => {
    if (seen.has(worker)) return;
    seen.add(worker);
    for (const sender of senders.get(worker) ?? []) visit(sender);
    order.add(worker);
  };
  for (const worker of workers) visit(worker);
  const here = new Set(workers);
  return [...order].filter((worker) => here.has(worker));
}
