import { monitorEventLoopDelay } from "node:perf_hooks";
import type { WorkerToSupervisor } from "@flotilla/contracts";

/** Says something to the supervisor. */
export type Say = (message: WorkerToSupervisor) => void;

/** A fifth of the silence after which the supervisor looks closer. */
const EVERY_MS = 500;

/** A worker's signs of life. */
export interface Heartbeat {
  /** It got on with something: who is so busy that the event loop does not turn for a while is no process that hangs. */
  worked(): void;
  stop(): void;
}

/** Tells the supervisor regularly that the event loop turns, and how late; or at least that work is done. */
export function startHeartbeat(say: Say): Heartbeat {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let saidAt = performance.now();
  const beat = (): void => {
    saidAt = performance.now();
    const loopLagMs = Number.isFinite(delay.max) ? Math.round(delay.max / 1e6) : 0;
    delay.reset();
    const { user, system } = process.cpuUsage();
    say({ kind: "heartbeat", loopLagMs, rssBytes: process.memoryUsage.rss(), cpuMs: Math.round((user + system) / 1000) });
  };
  const timer = setInterval(beat, EVERY_MS);
  return {
    // A pipe takes it at once, whatever the event loop does.
    worked: () => {
      if (performance.now() - saidAt >= 2 * EVERY_MS) beat();
    },
    stop: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
