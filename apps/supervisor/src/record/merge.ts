import type { HostMemory, RecordKey } from "./rows.ts";

/** Rows that changed in memory and are not in the file yet, by {@link keyText}. */
export type Unwritten = ReadonlyMap<string, RecordKey>;

/** A map key that is unique per table and row. */
export function keyText({ of, id }: Pick<RecordKey, "of" | "id">): string {
  return `${of} ${id}`;
}

/**
 * Merges a file that became readable into the memory of the time without it. Memory wins for rows
 * with an unwritten change, deletions included; the file wins for every other row. Exits are
 * joined, the file's first, unless an admin reset them meanwhile. Field fault G5.
 */
export function joinFound(memory: HostMemory, found: HostMemory, unwritten: Unwritten): void {
  for (const [id, worker] of found.workers) {
    const mine = memory.workers.get(id);
    // Desired state from memory, creation time from the file.
    if (mine) memory.workers.set(id, { ...mine, addedAt: Math.min(mine.addedAt, worker.addedAt) });
    else if (!unwritten.has(keyText({ of: "worker", id }))) memory.workers.set(id, worker);
  }
  for (const [id, exits] of found.exits) {
    const change = unwritten.get(keyText({ of: "exits", id }));
    if (!change) memory.exits.set(id, exits);
    else if (change.of === "exits" && change.adds)
      memory.exits.set(id, [...exits, ...(memory.exits.get(id) ?? [])]);
  }
  join(memory.rules, found.rules, (id) => unwritten.has(keyText({ of: "rules", id })));
  join(memory.stats, found.stats, (id) => unwritten.has(keyText({ of: "stats", id })));
  join(memory.children, found.children, (id) => unwritten.has(keyText({ of: "child", id })));
  if (!unwritten.has(keyText({ of: "fleet", id: "fleet" })))
    memory.fleet = found.fleet ?? memory.fleet;
  if (!unwritten.has(keyText({ of: "loss", id: "loss" }))) memory.loss = found.loss ?? memory.loss;
  const newer = [...memory.outcomes];
  memory.outcomes.clear();
  // Insertion order decides which outcomes are dropped first: the file's are older.
  join(memory.outcomes, found.outcomes, (id) => unwritten.has(keyText({ of: "outcome", id })));
  for (const [id, outcome] of newer) memory.outcomes.set(id, outcome);
}

function join<K, V>(
  memory: Map<K, V>,
  found: ReadonlyMap<K, V>,
  changed: (key: K) => boolean,
): void {
  for (const [key, value] of found) if (!changed(key)) memory.set(key, value);
}
