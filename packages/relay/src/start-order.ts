import type { RelayStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/**
 * Start order of workers: relay senders before their readers, otherwise in the given order. Pure.
 * Two workers that deliver for each other keep their order: the messages of the first wait in its
 * outbox.
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
