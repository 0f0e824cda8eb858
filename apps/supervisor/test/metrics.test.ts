import { NO_LINK, type WorkerStatus } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { createRegistry } from "@flotilla/observability";
import { expect, test } from "vitest";
import { exitCounter, showFleet } from "../src/host/metrics.ts";
import { host } from "./host.ts";

const LINK = { ...NO_LINK, reconnects: 3, messages: 12 };

test("the metrics show each worker's state, messages and send budget", async () => {
  const { fleet } = await host();
  const quiet = fleet.find(parseWorkerId("beta")).worker.status();
  const sending = {
    perMinute: 10,
    tokens: 4,
    waitUntil: Date.now() + 90_000,
    halvedUntil: null,
    stopped: "PEER_FLOOD",
  };
  const link = {
    ...LINK,
    sending,
    readingWait: { method: "updates.getDifference", until: Date.now() + 30_000 },
  };
  const busy: WorkerStatus = {
    ...fleet.find(parseWorkerId("alpha")).worker.status(),
    state: "FLOOD",
    link,
  };
  const registry = createRegistry();
  exitCounter(registry).inc({ class: "CRASH", decision: "restart" });
  showFleet(registry, () => [busy, quiet]);
  const text = await registry.metrics();
  for (const line of [
    'flotilla_worker_exits_total{class="CRASH",decision="restart"} 1',
    'flotilla_workers{state="FLOOD",class=""} 1',
    'flotilla_workers{state="STOPPED",class=""} 1',
    'flotilla_worker_messages{worker="alpha"} 12',
    'flotilla_worker_reconnects{worker="alpha"} 3',
    'flotilla_worker_sends_left{worker="alpha"} 4',
    'flotilla_worker_sends_per_minute{worker="alpha"} 10',
    'flotilla_worker_sending_stopped{worker="alpha"} 1',
  ])
    expect(text.split("\n")).toContain(line);
  expect(text).toMatch(/flotilla_worker_send_wait_seconds\{worker="alpha"\} (8\d|90)\n/);
  expect(text).toMatch(/flotilla_worker_read_wait_seconds\{worker="alpha"\} (2\d|30)\n/);
  expect(text).not.toContain('worker="beta"');
});
