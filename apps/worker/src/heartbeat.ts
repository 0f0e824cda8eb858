import { monitorEventLoopDelay } from "node:perf_hooks";
import type { WorkerToSupervisor } from "@flotilla/contracts";

/** Says something to the supervisor. */
export type Say = (message: WorkerToSupervisor) => void;

/** A fifth of the silence after which the supervisor looks closer. */
const EVERY_MS = 500;

/** Tells the supervisor regularly that the event loop turns, and how late. */
export function startHeartbeat(say: Say): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const timer = setInterval(() => {
    const loopLagMs = Number.isFinite(delay.max) ? Math.round(delay.max / 1e6) : 0;
    delay.reset();
    const { user, system } = process.cpuUsage();
    say({ kind: "heartbeat", loopLagMs, rssBytes: process.memoryUsage.rss(), cpuMs: Math.round((user + system) / 1000) });
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
