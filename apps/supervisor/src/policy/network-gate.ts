/** The connection of one worker, as the gate sees it. */
export interface LinkSnapshot {
  readonly worker: string;
  /**
   * `down`: attempts fail for want of a network; `up`: connected; `other`: idle or with a proxy.
   */
  readonly state: "down" | "up" | "other";
  /** Consecutive failed attempts. */
  readonly attempt: number;
}

/** Order to a worker: `hold` stops its attempts until a `go`, which starts them after `delayMs`. */
export interface GateOrder {
  readonly worker: string;
  readonly order: "hold" | "go";
  readonly delayMs: number;
}

/**
 * Whether a host seems to have a network. Closed: `prober` probes and the others are `held`.
 * `attempt` is the prober's failed attempts when its turn began; `failures` counts failed turns.
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

/** The initial gate: every worker connects on its own. */
export const OPEN_GATE: NetworkGate = { isOpen: true };

/** Milliseconds between two probes of a host, as a worker's back-off; the last one repeats. */
const PROBE_MS = [10_000, 20_000, 40_000, 80_000, 120_000];
/** Workers that must be down before the host counts as without a network. */
const ENOUGH = 2;

/**
 * The next state of the gate and the orders that follow. Pure. When every worker that wants a
 * connection lacks a network, one worker probes with the usual back-off and the others hold; the
 * prober changes after each failure. When any worker is up, the others go, `spacingMs` apart.
 */
export function stepGate(
  gate: NetworkGate,
  links: readonly LinkSnapshot[],
  spacingMs: number,
): { readonly gate: NetworkGate; readonly orders: readonly GateOrder[] } {
  const down = links
    .filter(({ state }) => state === "down")
    .toSorted((a, b) => (a.worker < b.worker ? -1 : 1));
  const isDark = down.length >= ENOUGH && !links.some(({ state }) => state === "up");
  if (gate.isOpen) return isDark ? close(down) : { gate, orders: [] };
  // The prober too: its next probe may not be due yet.
  if (!isDark)
    return {
      gate: OPEN_GATE,
      orders: down.map(({ worker }, n) => ({ worker, order: "go", delayMs: n * spacingMs })),
    };
  return probe(gate, down);
}

function close(down: readonly LinkSnapshot[]): ReturnType<typeof stepGate> {
  const [first, ...rest] = down;
  if (!first) return { gate: OPEN_GATE, orders: [] };
  const held = rest.map(({ worker }) => worker);
  const gate = {
    isOpen: false,
    prober: first.worker,
    attempt: first.attempt,
    failures: 0,
    held,
  } as const;
  return { gate, orders: held.map(hold) };
}

function probe(
  gate: Extract<NetworkGate, { isOpen: false }>,
  down: readonly LinkSnapshot[],
): ReturnType<typeof stepGate> {
  const current = down.find(({ worker }) => worker === gate.prober);
  const hasFailed = current !== undefined && current.attempt > gate.attempt;
  if (current && !hasFailed) {
    const added = down.filter(
      ({ worker }) => worker !== gate.prober && !gate.held.includes(worker),
    );
    return {
      gate: { ...gate, held: others(down, gate.prober) },
      orders: added.map(({ worker }) => hold(worker)),
    };
  }
  const next = down.find(({ worker }) => worker > gate.prober) ?? down[0];
  if (!next) return { gate: OPEN_GATE, orders: [] };
  const failures = gate.failures + Number(hasFailed);
  const held = others(down, next.worker);
  const delayMs = hasFailed ? (PROBE_MS[Math.min(failures, PROBE_MS.length) - 1] ?? 0) : 0;
  return {
    gate: { isOpen: false, prober: next.worker, attempt: next.attempt, failures, held },
    // Holds the last prober and workers that went down since.
    orders: [
      ...held.filter((worker) => !gate.held.includes(worker)).map(hold),
      { worker: next.worker, order: "go", delayMs },
    ],
  };
}

function others(down: readonly LinkSnapshot[], prober: string): string[] {
  return down.map(({ worker }) => worker).filter((worker) => worker !== prober);
}

function hold(worker: string): GateOrder {
  return { worker, order: "hold", delayMs: 0 };
}
