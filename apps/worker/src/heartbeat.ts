import { monitorEventLoopDelay } from "node:perf_hooks";
import type { WorkerToSupervisor } from "@flotilla/contracts";

/** Says something to the supervisor. */
export type Say = (message: WorkerToSupervisor) => void;

const EVERY_MS = 2000;

/** Tells the supervisor regularly that the event loop turns, and how late. */
export function startHeartbeat(say: Say): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const timer = setInterval(() => {
    const loopLagMs = Number.isFinite(delay.max) ? Math.round(delay.max / 1e6) : 0;
    delay.reset();
    say({ kind: "heartbeat", loopLagMs, rssBytes: process.memoryUsage.rss() });
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
