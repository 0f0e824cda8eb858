import { fileURLToPath } from "node:url";
import { openSession } from "@flotilla/session-store";
import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { fleetKey, newStore } from "../kit.ts";
import { useSandbox } from "../world.ts";
import type { KilledChild } from "./killed-child.ts";

const CHILD = fileURLToPath(new URL("./killed-child.ts", import.meta.url));
const world = useSandbox();

test("killed at step 1, 2, 3, … of receiving messages, until a run comes through: nothing lost, " +
  "nothing twice", async () => {
  const [phone, friend] = [world.person(), world.person()];
  const channel = world.sandbox.world.createChannel({ title: "News", members: [friend, phone] }).id;
  const dir = await testDir();
  const first = await newStore(dir);
  await world.logIn(first, phone);
  first.close();
  const said: string[] = [];
  const say = (text: string): void => {
    said.push(text);
    if (said.length % 2) world.sandbox.world.sendPrivate(friend, phone, text);
    else world.sandbox.world.postToChannel(channel, text);
  };

  /** One run of the child; true when it finished. */
  const live = async (dieAt: number): Promise<boolean> => {
    const awaited = `live ${dieAt}`;
    const told: KilledChild = {
      dir,
      fleetKey: fleetKey.toString("hex"),
      server: world.server,
      dieAt,
      awaited,
    };
    const child = spawnNode(CHILD, [JSON.stringify(told)]);
    const ready = await Promise.race([
      child.waitForOutput("ready").then(() => true),
      child.exited.then(() => false),
    ]).catch(() => false);
    if (ready) say(awaited);
    const { code, signal } = await child.exited;
    expect(child.stderr).toBe("");
    expect([code, signal]).toEqual(signal ? [null, "SIGKILL"] : [0, null]);
    return signal === null;
  };

  const received = (): string[] => {
    const store = openSession({ dir, name: "w1", fleetKey });
    const rows = store.updates.pending(100_000).filter(({ chat }) => chat !== "777000");
    store.close();
    return rows.map(({ content }) => content?.text ?? "").toSorted();
  };

  // The first run only reads the account's position; everything after it counts.
  expect(await live(0)).toBe(true);
  let dieAt = 1;
  for (let through = false; !through; dieAt++) {
    // A run that received nothing leaves its messages to the next one; more would only lengthen
    // that one.
    if (received().length === said.length) say(`missed ${dieAt}`);
    through = await live(dieAt);
    const texts = received();
    expect(new Set(texts).size).toBe(texts.length);
    if (through) expect(texts).toEqual(said.toSorted());
  }
  expect(dieAt).toBeGreaterThan(10);
}, 600_000);
