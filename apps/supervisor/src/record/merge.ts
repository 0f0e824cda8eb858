import type { HostMemory, RecordKey } from "./rows.ts";

/** What changed in memory and is not in the file yet, by {@link keyText}. */
export type Unwritten = ReadonlyMap<string, RecordKey>;

/** Names a key in {@link Unwritten}. */
export function keyText({ of, id }: Pick<RecordKey, "of" | "id">): string {
  return `${of} ${id}`;
}

/**
 * Joins what a file held that could not be read until now to what happened meanwhile. A row with an unwritten change is memory's, a deleted one too; every
 * other row is the file's. Exits are both: the file's first, unless they were forgotten meanwhile. Field fault G5.
 */
export function joinFound(memory: HostMemory, found: HostMemory, unwritten: Unwritten): void {
  for (const [id, worker] of found.workers) {
    const mine = memory.workers.get(id);
    // Wanted otherwise meanwhile, but added when the file says.
    if (mine) memory.workers.set(id, { ...mine, addedAt: Math.min(mine.addedAt, worker.addedAt) });
    else if (!unwritten.has(keyText({ of: "worker", id }))) memory.workers.set(id, worker);
  }
  for (const [id, exits] of found.exits) {
    const change = unwritten.get(keyText({ of: "exits", id }));
    if (!change) memory.exits.set(id, exits);
    else if (change.of === "exits" && change.adds) memory.exits.set(id, [...exits, ...(memory.exits.get(id) ?? [])]);
  }
  join(memory.rules, found.rules, (id) => unwritten.has(keyText({ of: "rules", id })));
  join(memory.stats, found.stats, (id) => unwritten.has(keyText({ of: "stats", id })));
  join(memory.children, found.children, (id) => unwritten.has(keyText({ of: "child", id })));
  if (!unwritten.has(keyText({ of: "fleet", id: "fleet" }))) memory.fleet = found.fleet ?? memory.fleet;
  const newer = [...memory.outcomes];
  memory.outcomes.clear();
  // The oldest ones are dropped by their place.
  join(memory.outcomes, found.outcomes, (id) => unwritten.has(keyText({ of: "outcome", id })));
  for (const [id, outcome] of newer) memory.outcomes.set(id, outcome);
}

function join<K, V>(memory: Map<K, V>, found: ReadonlyMap<K, V>, changed: (key: K) => boolean): void {
  for (const [key, value] of found) if (!changed(key)) memory.set(key, value);
}
