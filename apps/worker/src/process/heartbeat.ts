import { monitorEventLoopDelay } from "node:perf_hooks";
import type { WorkerToSupervisor } from "@flotilla/contracts";
import { type Clock, systemClock } from "@flotilla/kernel";

/** Sends a message to the supervisor. */
export type Say = (message: WorkerToSupervisor) => void;

/** Interval of heartbeats: a fifth of the silence that makes the supervisor check the process. */
const EVERY_MS = 500;

/** The running heartbeat; `stop` ends it. */
export interface Heartbeat {
  /** Reports progress: sends a heartbeat even while work blocks the event loop. */
  worked(): void;
  stop(): void;
}

/** Sends a heartbeat with event loop lag, memory and CPU time every 500 ms, and on progress. */
export function startHeartbeat(say: Say, clock: Clock = systemClock): Heartbeat {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let saidAt = clock.monotonicMs();
  const beat = (): void => {
    saidAt = clock.monotonicMs();
    const loopLagMs = Number.isFinite(delay.max) ? Math.round(delay.max / 1e6) : 0;
    delay.reset();
    const { user, system } = process.cpuUsage();
    say({
      kind: "heartbeat",
      loopLagMs,
      rssBytes: process.memoryUsage.rss(),
      cpuMs: Math.round((user + system) / 1000),
    });
  };
  const timer = setInterval(beat, EVERY_MS);
  return {
    // Writing to the pipe is synchronous: it needs no turn of the event loop.
    worked: () => {
      if (clock.monotonicMs() - saidAt >= 2 * EVERY_MS) beat();
    },
    stop: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
