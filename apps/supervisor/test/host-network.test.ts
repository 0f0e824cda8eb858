import type { WorkerStatus } from "@flotilla/contracts";
import { NO_LINK } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { expect, onTestFinished, test, vi } from "vitest";
import { HostNetwork, type HostNetworkDeps } from "../src/fleet/host-network.ts";

const log = createLogger({ name: "test", level: "silent" });
const NETWORK = { class: "NETWORK" as const, code: "ECONNREFUSED", message: "x" };

function status(
  worker: string,
  state: WorkerStatus["state"],
  attempt = 0,
  own = false,
): WorkerStatus {
  return {
    v: 1,
    worker: parseWorkerId(worker),
    host: parseHostId("h"),
    state,
    since: 0,
    pid: 1,
    startedAt: 0,
    crashes: 0,
    crashLimit: 5,
    nextTryAt: null,
    fault: attempt > 0 ? NETWORK : null,
    link: { ...NO_LINK, attempt, way: { shown: null, own, sealTo: "" } },
    updatedAt: 0,
  };
}

function prepared() {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const told: string[] = [];
  const changed = vi.fn();
  const say: HostNetworkDeps["say"] = (worker, { order }) => void told.push(`${order} ${worker}`);
  const network = new HostNetwork({ spacingMs: 1000, log, changed, say });
  onTestFinished(() => network.close());
  return { network, told, changed };
}

test(
  "without a network one worker probes at a time; when it is back they reconnect one after " +
    "the other",
  () => {
    const { network, told } = prepared();
    for (const name of ["a", "b", "c"]) network.look(status(name, "RUNNING"));
    for (const name of ["a", "b", "c"]) network.look(status(name, "RECONNECTING", 2));
    expect(network.isOpen).toBe(false);
    expect(told.splice(0)).toEqual(["hold b", "hold c"]);
    network.look(status("a", "RECONNECTING", 3));
    expect(told.splice(0)).toEqual(["hold a"]);
    vi.advanceTimersByTime(10_000);
    expect(told.splice(0)).toEqual(["go b"]);
    network.look(status("b", "CATCHING_UP"));
    expect(network.isOpen).toBe(true);
    expect(told.splice(0)).toEqual(["go a"]);
    vi.advanceTimersByTime(1000);
    expect(told.splice(0)).toEqual(["go c"]);
  },
);

test("a probe that is not due yet is cancelled when the network is back", () => {
  const { network, told } = prepared();
  for (const name of ["a", "b"]) network.look(status(name, "RECONNECTING", 2));
  network.look(status("a", "RECONNECTING", 3));
  network.look(status("a", "RUNNING"));
  expect(told.splice(0)).toEqual(["hold b", "hold a", "go b"]);
  vi.advanceTimersByTime(60_000);
  expect(told).toEqual([]);
});

test("workers behind their own proxy or in a flood wait say nothing about the network of the host", () => {
  const { network, told } = prepared();
  network.look(status("a", "RECONNECTING", 2, true));
  network.look(status("b", "RECONNECTING", 2));
  network.look({
    ...status("c", "RECONNECTING", 2),
    fault: { ...NETWORK, code: "transport-429", waitS: 60 },
  });
  expect(network.isOpen).toBe(true);
  network.look(status("e", "RECONNECTING", 1));
  expect(network.isOpen).toBe(true);
  network.look(status("d", "RECONNECTING", 2));
  expect(told).toEqual(["hold d"]);
  network.forget(parseWorkerId("b"));
  expect(network.isOpen).toBe(true);
  expect(told).toEqual(["hold d", "go d"]);
});

test("the status of each held worker names the prober, and none does when the network is back", () => {
  const { network, changed } = prepared();
  const asks = (): (string | null)[] =>
    ["a", "b", "c"].map((worker) => network.proberFor(parseWorkerId(worker)));
  network.look(status("c", "RECONNECTING", 2, true));
  expect(asks()).toEqual([null, null, null]);
  for (const name of ["a", "b"]) network.look(status(name, "RECONNECTING", 2));
  expect(asks()).toEqual(["a", "a", null]);
  network.look(status("a", "RECONNECTING", 3));
  expect(asks()).toEqual(["b", "b", null]);
  network.look(status("b", "RUNNING"));
  expect(asks()).toEqual([null, null, null]);
  expect(changed).toHaveBeenCalledTimes(3);
});
