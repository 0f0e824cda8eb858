/** One worker as the gate sees it. */
export interface LinkSight {
  readonly worker: string;
  /** `down`: it tries to connect and the network is what is in the way; `up`: it is connected; `other`: it wants nothing, or goes a way of its own. */
  readonly state: "down" | "up" | "other";
  /** Failed tries in a row. */
  readonly attempt: number;
}

/** What a worker is told: not to try before it is told to, or to try (after `delayMs`). */
export interface GateOrder {
  readonly worker: string;
  readonly order: "hold" | "go";
  readonly delayMs: number;
}

/**
 * Whether the network of a host is thought to be there. Closed: one worker at a time tries the way out, `attempt` is how often it
 * had failed when its turn began; `failures` counts the turns; the others are `held`.
 */
export type NetworkGate =
  | { readonly isOpen: true }
  | {
      readonly isOpen: false;
      readonly prober: string;
      readonly attempt: number;
      readonly failures: number;
      readonly held: readonly string[];
    };

/** At the start every worker finds out for itself. */
export const OPEN_GATE: NetworkGate = { isOpen: true };

/** Between two probes of a host, in milliseconds; the last one repeats. As the back-off of one worker. */
const PROBE_MS = [10_000, 20_000, 40_000, 80_000, 120_000];
/** Fewer than so many workers say nothing about a host. */
const ENOUGH = 2;

/**
 * The next state of the gate and what follows from it. Pure. When every worker of a host that wants a connection is without
 * one for want of a network, they stop trying each for itself: one probes, in turn, with the usual back-off; when any of them is
 * up, the others go `spacingMs` apart.
 */
export function stepGate(
  gate: NetworkGate,
  sights: readonly LinkSight[],
  spacingMs: number,
): { readonly gate: NetworkGate; readonly orders: readonly GateOrder[] } {
  const down = sights.filter(({ state }) => state === "down").toSorted((a, b) => (a.worker < b.worker ? -1 : 1));
  const isDark = down.length >= ENOUGH && !sights.some(({ state }) => state === "up");
  if (gate.isOpen) return isDark ? close(down) : { gate, orders: [] };
  // Also the one whose probe is not due yet.
  if (!isDark)
    return { gate: OPEN_GATE, orders: down.map(({ worker }, n) => ({ worker, order: "go", delayMs: n * spacingMs })) };
  return probe(gate, down);
}

function close(down: readonly LinkSight[]): ReturnType<typeof stepGate> {
  const [first, ...rest] = down;
  if (!first) return { gate: OPEN_GATE, orders: [] };
  const held = rest.map(({ worker }) => worker);
  const gate = { isOpen: false, prober: first.worker, attempt: first.attempt, failures: 0, held } as const;
  return { gate, orders: held.map(hold) };
}

function probe(gate: Extract<NetworkGate, { isOpen: false }>, down: readonly LinkSight[]): ReturnType<typeof stepGate> {
  const current = down.find(({ worker }) => worker === gate.prober);
  const hasFailed = current !== undefined && current.attempt > gate.attempt;
  if (current && !hasFailed) {
    const added = down.filter(({ worker }) => worker !== gate.prober && !gate.held.includes(worker));
    return { gate: { ...gate, held: others(down, gate.prober) }, orders: added.map(({ worker }) => hold(worker)) };
  }
  const next = down.find(({ worker }) => worker > gate.prober) ?? down[0];
  if (!next) return { gate: OPEN_GATE, orders: [] };
  const failures = gate.failures + (hasFailed ? 1 : 0);
  const held = others(down, next.worker);
  const delayMs = hasFailed ? (PROBE_MS[Math.min(failures, PROBE_MS.length) - 1] ?? 0) : 0;
  return {
    gate: { isOpen: false, prober: next.worker, attempt: next.attempt, failures, held },
    // Who probed until now is held again; so is whoever came to it meanwhile.
    orders: [...held.filter((worker) => !gate.held.includes(worker)).map(hold), { worker: next.worker, order: "go", delayMs }],
  };
}

function others(down: readonly LinkSight[], prober: string): string[] {
  return down.map(({ worker }) => worker).filter((worker) => worker !== prober);
}

function hold(worker: string): GateOrder {
  return { worker, order: "hold", delayMs: 0 };
}
