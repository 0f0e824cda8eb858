import type { RecordGain, RecordLoss } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { joinFound, keyText, type Unwritten } from "./merge.ts";
import type { HostMemory, RecordKey } from "./rows.ts";

/** The loss with these changes noted; the same one when it has them already. */
export function withChanges(loss: RecordLoss, keys: readonly RecordKey[]): RecordLoss {
  const changed = new Map(loss.changed.map((each) => [keyText(each), each]));
  let isOther = false;
  for (const key of keys) {
    if (key.of !== "worker" && key.of !== "exits" && key.of !== "rules") continue;
    const before = changed.get(keyText(key));
    // What was dropped once stays dropped, whatever is added after it.
    const adds = key.of === "exits" && key.adds && (before?.adds ?? true);
    if (before?.adds === adds) continue;
    changed.set(keyText(key), { of: key.of, id: key.id, adds });
    isOther = true;
  }
  return isOther ? { ...loss, changed: [...changed.values()] } : loss;
}

/**
 * This record with what an earlier one of the same host knows: what people decided and what
 * happened since the loss stays. A worker that the new record does not have comes back when its
 * session is one of `idle`. Processes of the earlier record are long gone.
 */
export function merged(memory: HostMemory, found: HostMemory, idle: readonly string[]): HostMemory {
  const changed: ReadonlyMap<string, RecordKey> = changesOf(memory);
  const next = copyOf(memory);
  const isKnown = (id: WorkerId): boolean => memory.workers.has(id) || idle.includes(id);
  joinFound(
    next,
    {
      ...found,
      workers: only(found.workers, isKnown),
      exits: only(found.exits, isKnown),
      rules: only(found.rules, isKnown),
      stats: only(found.stats, isKnown),
      children: new Map(),
      events: new Map(),
    },
    changed,
  );
  for (const id of memory.loss?.started ?? []) {
    const [mine, before] = [next.workers.get(id), found.workers.get(id)];
    const isDecided = changed.has(keyText({ of: "worker", id }));
    if (mine && before && !isDecided) next.workers.set(id, { ...mine, desired: before.desired });
  }
  for (const map of [next.exits, next.rules, next.stats])
    for (const id of map.keys()) if (!next.workers.has(id)) map.delete(id);
  return next;
}

/** What the second record has and the first one has not. */
export function gainOf(before: HostMemory, after: HostMemory): RecordGain {
  const was = (id: WorkerId) => before.workers.get(id)?.desired;
  const ids = (is: (id: WorkerId, desired: string) => boolean): WorkerId[] =>
    [...after.workers]
      .filter(([id, { desired }]) => is(id, desired))
      .map(([id]) => id)
      .toSorted();
  return {
    rules: [...after.rules.keys()].filter((id) => !before.rules.has(id)).length,
    exits: count(after.exits) - count(before.exits),
    stops: ids((id, desired) => was(id) === "running" && desired !== "running"),
    starts: ids((id, desired) => was(id) === undefined && desired === "running"),
    adds: ids((id, desired) => was(id) === undefined && desired !== "running"),
  };
}

/** Rows that the earlier record does not replace. */
function changesOf({ loss, rules, stats, fleet }: HostMemory): Unwritten {
  const keys: RecordKey[] = [
    ...(loss?.changed ?? []).map(({ of, id, adds }): RecordKey => {
      return of === "exits" ? { of, id, adds } : { of, id };
    }),
    ...[...rules.keys()].map((id): RecordKey => ({ of: "rules", id })),
    ...[...stats.keys()].map((id): RecordKey => ({ of: "stats", id })),
    { of: "loss", id: "loss" },
  ];
  if (fleet !== null) keys.push({ of: "fleet", id: "fleet" });
  return new Map(keys.map((key) => [keyText(key), key]));
}

function copyOf(memory: HostMemory): HostMemory {
  return {
    ...memory,
    workers: new Map(memory.workers),
    exits: new Map(memory.exits),
    rules: new Map(memory.rules),
    stats: new Map(memory.stats),
    children: new Map(memory.children),
    outcomes: new Map(memory.outcomes),
  };
}

function only<V>(map: ReadonlyMap<WorkerId, V>, is: (id: WorkerId) => boolean): Map<WorkerId, V> {
  return new Map([...map].filter(([id]) => is(id)));
}

function count(exits: HostMemory["exits"]): number {
  return [...exits.values()].reduce((sum, of) => sum + of.length, 0);
}
