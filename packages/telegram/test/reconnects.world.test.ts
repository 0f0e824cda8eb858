import { fileURLToPath } from "node:url";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { fleetKey, newStore } from "./kit.ts";
import type { Holdings, ReconnectingChild } from "./reconnecting-child.ts";
import { useSandbox } from "./world.ts";

const CHILD = fileURLToPath(new URL("./reconnecting-child.ts", import.meta.url));
const world = useSandbox();
/** Reconnects until caches and compiled code settle. */
const WARM_UP = 25;
const ROUNDS = 100;

test("a hundred reconnects leave descriptors, timers, sockets and memory as they were, one " +
  "connection at a time", async () => {
  const phone = world.person();
  const dir = await testDir();
  const first = await newStore(dir);
  await world.logIn(first, phone);
  const keyId = world.sandbox.world.sessions(phone)[0]?.keyId;
  first.close();
  const told: ReconnectingChild = { dir, fleetKey: fleetKey.toString("hex"), server: world.server };
  const child = spawnNode(CHILD, [JSON.stringify(told)]);
  const seen = (): Holdings[] =>
    child.stdout
      .split("\n")
      .filter((line) => line.endsWith("}"))
      .map((line) => JSON.parse(line) as Holdings);
  const after = async (reconnects: number): Promise<Holdings> =>
    await waitFor(() => seen().find((each) => each.reconnects === reconnects), {
      what: `reconnect ${reconnects}`,
    });
  for (let n = 0; n < WARM_UP + ROUNDS; n++) {
    await after(n);
    world.sandbox.world.faults.drop({ phone }, n % 2 === 0 ? "fin" : "rst");
  }
  await after(WARM_UP + ROUNDS);
  const all = seen();
  const [before, late] = [all.slice(WARM_UP - 10, WARM_UP), all.slice(-10)];
  const least = (of: readonly Holdings[], what: keyof Holdings): number =>
    Math.min(...of.map((each) => each[what]));
  for (const what of ["descriptors", "timers", "sockets"] as const)
    expect(least(late, what), what).toBeLessThanOrEqual(least(before, what));
  // A leaked client would be 100 kB or more each time.
  expect(least(late, "heapBytes") - least(before, "heapBytes")).toBeLessThan(3e6);
  expect(child.stderr).toBe("");
  let open = 0;
  for (const { event } of world.sandbox.world
    .connectionLog()
    .filter((each) => each.keyId === keyId)) {
    if (event === "authorised") open++;
    if (event === "closed") open--;
    expect(open).toBeLessThanOrEqual(1);
  }
}, 600_000);
