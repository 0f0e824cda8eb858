import type { WorkerStatus } from "@flotilla/contracts";
import { type Clock, systemClock } from "@flotilla/kernel";
import { Counter, Gauge, type Registry } from "@flotilla/observability";

/** Counts unrequested exits of worker processes. */
export function exitCounter(registry: Registry): Counter<"class" | "decision"> {
  return new Counter({
    name: "flotilla_worker_exits_total",
    help: "Worker processes that ended without a request, by error class and restart decision",
    labelNames: ["class", "decision"],
    registers: [registry],
  });
}

/** Gauges of this host's workers, read at each scrape: states, messages, send budget. */
export function showFleet(
  registry: Registry,
  statuses: () => readonly WorkerStatus[],
  clock: Clock = systemClock,
): void {
  const secondsUntil = (at: number | null): number =>
    at === null ? 0 : Math.max(0, Math.ceil((at - clock.now()) / 1000));

  new Gauge({
    name: "flotilla_workers",
    help: "Workers of this host by state and error class",
    labelNames: ["state", "class"],
    registers: [registry],
    collect() {
      this.reset();
      for (const status of statuses())
        this.inc({ state: status.state, class: status.fault?.class ?? "" });
    },
  });
  perWorker("messages", "Messages received, over all runs", ({ link }) => link?.messages ?? null);
  perWorker(
    "reconnects",
    "Connections to Telegram after the first one, over all runs",
    ({ link }) => link?.reconnects ?? null,
  );
  perWorker(
    "sends_left",
    "Messages that the account may send at once",
    ({ link }) => link?.sending?.tokens ?? null,
  );
  perWorker("sends_per_minute", "Messages per minute that the account may send now", ({ link }) => {
    return link?.sending?.perMinute ?? null;
  });
  perWorker("send_wait_seconds", "Seconds left of the flood wait for sending", ({ link }) => {
    return link?.sending ? secondsUntil(link.sending.waitUntil) : null;
  });
  perWorker("read_wait_seconds", "Seconds left of the flood wait for reading", ({ link }) => {
    return link ? secondsUntil(link.readingWait?.until ?? null) : null;
  });
  perWorker(
    "sending_stopped",
    "1 while the account sends nothing until an admin resumes",
    ({ link }) => {
      return link?.sending ? Number(link.sending.stopped !== null) : null;
    },
  );

  function perWorker(
    name: string,
    help: string,
    value: (status: WorkerStatus) => number | null,
  ): void {
    new Gauge({
      name: `flotilla_worker_${name}`,
      help,
      labelNames: ["worker"],
      registers: [registry],
      collect() {
        this.reset();
        for (const status of statuses()) {
          const now = value(status);
          if (now !== null) this.set({ worker: status.worker }, now);
        }
      },
    });
  }
}
