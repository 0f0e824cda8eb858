import type { SupervisorToWorker, WorkerStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type GateOrder, type LinkSight, type NetworkGate, OPEN_GATE, stepGate } from "../policy/network-gate.ts";

/** Parts of {@link HostNetwork}. */
export interface HostNetworkDeps {
  /** Between two workers that go on when the network is back, in milliseconds. */
  readonly spacingMs: number;
  readonly say: (worker: WorkerId, message: SupervisorToWorker) => void;
  /** Another worker probes, or none any more. */
  readonly changed: () => void;
  readonly log: Logger;
}

/**
 * Watches the connections of all workers of this host. When all of them are without a network, one at a time tries the way out
 * instead of each for itself, and when it is back they go one after the other.
 */
export class HostNetwork {
  readonly #deps: HostNetworkDeps;
  readonly #sights = new Map<WorkerId, LinkSight>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #gate: NetworkGate = OPEN_GATE;

  constructor(deps: HostNetworkDeps) {
    this.#deps = deps;
  }

  /** False while it looks as if this host had no network. */
  get isOpen(): boolean {
    return this.#gate.isOpen;
  }

  /** Who tries the way out for `worker`, itself included; null while nobody has to wait. */
  proberFor(worker: WorkerId): WorkerId | null {
    const gate = this.#gate;
    return !gate.isOpen && (gate.prober === worker || gate.held.includes(worker)) ? (gate.prober as WorkerId) : null;
  }

  /** A worker's status changed. */
  look(status: WorkerStatus): void {
    const sight = sightOf(status);
    const before = this.#sights.get(status.worker);
    if (before?.state === sight.state && before.attempt === sight.attempt) return;
    this.#sights.set(status.worker, sight);
    this.#step();
  }

  /** A worker is no longer one of this host. */
  forget(worker: WorkerId): void {
    if (this.#sights.delete(worker)) this.#step();
  }

  /** Gives no more orders. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #step(): void {
    const { log, spacingMs } = this.#deps;
    const { gate, orders } = stepGate(this.#gate, [...this.#sights.values()], spacingMs);
    if (gate.isOpen !== this.#gate.isOpen)
      log.warn(
        { workers: this.#sights.size },
        gate.isOpen ? "🔌 the network of this host is back" : "🔌 no worker of this host has a network",
      );
    const before = this.#gate;
    this.#gate = gate;
    if ((gate.isOpen ? null : gate.prober) !== (before.isOpen ? null : before.prober)) this.#deps.changed();
    for (const order of orders) this.#give(order);
  }

  #give({ worker, order, delayMs }: GateOrder): void {
    clearTimeout(this.#timers.get(worker));
    this.#timers.delete(worker);
    const say = (): void => this.#deps.say(worker as WorkerId, { kind: "network", order });
    if (delayMs === 0) {
      say();
      return;
    }
    const timer = setTimeout(say, delayMs);
    timer.unref();
    this.#timers.set(worker, timer);
  }
}

const UP: ReadonlySet<WorkerStatus["state"]> = new Set(["RUNNING", "CATCHING_UP", "FLOOD"]);

/** One failed try is nothing yet. As many as it takes for an alert. */
const TRIES = 2;

/** A worker with a proxy of its own says nothing about the network of its host. */
function sightOf({ worker, state, fault, link }: WorkerStatus): LinkSight {
  const attempt = link?.attempt ?? 0;
  if (link?.way?.own === true) return { worker, state: "other", attempt };
  if (UP.has(state)) return { worker, state: "up", attempt: 0 };
  const isDown = state === "RECONNECTING" && fault?.class === "NETWORK" && fault.waitS === undefined && attempt >= TRIES;
  return { worker, state: isDown ? "down" : "other", attempt };
}
