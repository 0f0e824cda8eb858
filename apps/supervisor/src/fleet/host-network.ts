import { STATE_TABLE, type SupervisorToWorker, type WorkerStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import {
  type GateOrder,
  type LinkSnapshot,
  type NetworkGate,
  OPEN_GATE,
  stepGate,
} from "../policy/network-gate.ts";

export interface HostNetworkDeps {
  /** Milliseconds between two workers that reconnect when the network is back. */
  readonly spacingMs: number;
  readonly say: (worker: WorkerId, message: SupervisorToWorker) => void;
  /** The prober changed, or probing ended. */
  readonly changed: () => void;
  readonly log: Logger;
}

/**
 * Watches the connections of all workers of this host. When none has a network, one worker at a
 * time probes; when the network is back, the workers reconnect one after the other.
 */
export class HostNetwork {
  readonly #deps: HostNetworkDeps;
  readonly #links = new Map<WorkerId, LinkSnapshot>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #gate: NetworkGate = OPEN_GATE;

  constructor(deps: HostNetworkDeps) {
    this.#deps = deps;
  }

  /** False while this host seems to have no network. */
  get isOpen(): boolean {
    return this.#gate.isOpen;
  }

  /** The prober while `worker` is held or probes itself; null otherwise. */
  proberFor(worker: WorkerId): WorkerId | null {
    const gate = this.#gate;
    if (!gate.isOpen && (gate.prober === worker || gate.held.includes(worker)))
      return gate.prober as WorkerId;
    return null;
  }

  look(status: WorkerStatus): void {
    const link = linkSnapshot(status);
    const before = this.#links.get(status.worker);
    if (before?.state === link.state && before.attempt === link.attempt) return;
    this.#links.set(status.worker, link);
    this.#step();
  }

  forget(worker: WorkerId): void {
    if (this.#links.delete(worker)) this.#step();
  }

  /** Cancels orders that are still delayed. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #step(): void {
    const { log, spacingMs } = this.#deps;
    const { gate, orders } = stepGate(this.#gate, [...this.#links.values()], spacingMs);
    if (gate.isOpen !== this.#gate.isOpen)
      log.warn(
        { workers: this.#links.size },
        gate.isOpen
          ? "🔌 the network of this host is back"
          : "🔌 no worker of this host has a network",
      );
    const before = this.#gate;
    this.#gate = gate;
    if (proberOf(gate) !== proberOf(before)) this.#deps.changed();
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

function proberOf(gate: NetworkGate): string | null {
  return gate.isOpen ? null : gate.prober;
}

/** Failed attempts before a worker counts as down: as many as raise an alert. */
const TRIES = 2;

/** A worker with its own proxy says nothing about the network of its host. */
function linkSnapshot({ worker, state, fault, link }: WorkerStatus): LinkSnapshot {
  const attempt = link?.attempt ?? 0;
  if (link?.way?.own === true) return { worker, state: "other", attempt };
  if (STATE_TABLE[state].online === "yes") return { worker, state: "up", attempt: 0 };
  const isDown =
    state === "RECONNECTING" &&
    fault?.class === "NETWORK" &&
    fault.waitS === undefined &&
    attempt >= TRIES;
  return { worker, state: isDown ? "down" : "other", attempt };
}
