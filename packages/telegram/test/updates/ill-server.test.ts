/**
 * A data centre in trouble, over sockets: readable messages arrive, unreadable ones are counted,
 * and requests stay rare.
 */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { useSandbox } from "../world.ts";
import { has, newReader, type Reader, texts } from "./reader.ts";

const world = useSandbox();

const say = ({ friend, phone }: Reader, text: string, bad = false): number =>
  world.sandbox.world.sendPrivate(friend, phone, text, bad);
const post = ({ channel }: Reader, text: string): number =>
  world.sandbox.world.postToChannel(channel, text);
const spoil = (
  { phone }: Reader,
  mode: "unreadable" | "garbled" | "stuck" | "refused",
  channel?: string,
): void =>
  world.sandbox.world.faults.differences({
    phone,
    mode,
    ...(channel === undefined ? {} : { channel }),
  });
const counted = (method: string): number => world.sandbox.world.counters()[method] ?? 0;
const lost = ({ trouble }: Reader): number =>
  trouble.reduce((sum, each) => sum + (each.kind === "lost" ? each.count : 0), 0);

/** The account's position here equals the server's. */
async function isEven(one: Reader): Promise<void> {
  const asked = counted("updates.getDifference");
  say(one, "even?");
  await waitFor(() => texts(one.store).includes("even?"));
  expect(counted("updates.getDifference"), "the next message fits").toBe(asked);
}

test.each([11, 40])(
  "an unknown user, chat and update beside %i messages cost themselves alone",
  async (count) => {
    const one = await newReader(world);
    await one.connection.stop();
    const all = Array.from({ length: count }, (_, n) => `m${n}`);
    for (const text of all) say(one, text);
    post(one, "c");
    spoil(one, "unreadable");
    one.connection.start();
    await one.reached("ready");
    await has(one, [...all, "c"]);
    expect(lost(one), "nothing that was said is missing").toBe(0);
    world.sandbox.world.faults.heal();
    await isEven(one);
  },
);

test(
  "objects of a later layer everywhere, for as long as it takes; then the server is well: " +
    "nothing readable is missing, and the count is true",
  async () => {
    const one = await newReader(world, { paceMs: 40 });
    spoil(one, "unreadable");
    const asked = counted("updates.getDifference") + counted("updates.getChannelDifference");
    const began = performance.now();
    const readable: string[] = [];
    for (let n = 0; n < 60; n++) {
      if (n % 10 === 9) world.sandbox.world.faults.updates(one.phone, "gap", 3);
      if (n % 4 === 3) say(one, "bad", true);
      else readable.push(`m${n}`);
      if (n % 4 !== 3) n % 2 ? say(one, `m${n}`) : post(one, `m${n}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const questions =
      counted("updates.getDifference") + counted("updates.getChannelDifference") - asked;
    const seconds = (performance.now() - began) / 40;
    expect(questions, "at most one in each pause for each of the two boxes").toBeLessThanOrEqual(
      2 * seconds + 4,
    );
    world.sandbox.world.faults.heal();
    say(one, "well");
    post(one, "well, too");
    await has(one, [...readable, "well", "well, too"]);
    await waitFor(() => lost(one) === 15, { what: "15 lost" });
    await isEven(one);
  },
);

test(
  "answers of which nothing can be read at all: everything is taken from the chats, and the " +
    "position is the server's",
  async () => {
    const one = await newReader(world);
    say(one, "1");
    post(one, "a");
    await has(one, ["1", "a"]);
    await one.connection.stop();
    for (const text of ["2", "3", "4"]) say(one, text);
    for (const text of ["b", "c"]) post(one, text);
    spoil(one, "garbled");
    one.connection.start();
    await one.reached("ready");
    await has(one, ["1", "2", "3", "4", "a", "b", "c"]);
    expect(lost(one)).toBe(0);
    world.sandbox.world.faults.heal();
    await isEven(one);
  },
);

test(
  "the same part again and again: a few questions, then the chats are asked, and the account " +
    "is ready",
  async () => {
    const one = await newReader(world, { retryMs: [5, 10, 20] });
    await one.connection.stop();
    for (const text of ["1", "2", "3"]) say(one, text);
    post(one, "a");
    spoil(one, "stuck");
    const asked = counted("updates.getDifference") + counted("updates.getChannelDifference");
    one.connection.start();
    await one.reached("ready");
    await has(one, ["1", "2", "3", "a"]);
    expect(
      counted("updates.getDifference") + counted("updates.getChannelDifference") - asked,
    ).toBeLessThan(30);
    world.sandbox.world.faults.heal();
    await isEven(one);
  },
);

test(
  "a channel whose difference is always refused blocks no other box, and recovers " +
    "automatically",
  async () => {
    const one = await newReader(world, { retryMs: [2, 4, 8] });
    const other = world.sandbox.world.createChannel({
      title: "Other",
      members: [one.friend, one.phone],
    }).id;
    await one.connection.stop();
    spoil(one, "refused", one.channel);
    post(one, "unseen");
    world.sandbox.world.postToChannel(other, "seen");
    say(one, "said");
    one.connection.start();
    await one.reached("ready");
    await waitFor(() => one.trouble.some(({ kind }) => kind === "closed"));
    await has(one, ["said", "seen"]);
    const asked = counted("updates.getChannelDifference");
    say(one, "more");
    await has(one, ["said", "seen", "more"]);
    expect(counted("updates.getChannelDifference")).toBe(asked);
    post(one, "live");
    await waitFor(() => texts(one.store).includes("live"));
    expect(one.trouble.filter(({ kind }) => kind === "closed")).toHaveLength(1);
    world.sandbox.world.faults.heal();
    await waitFor(
      () => {
        post(one, "again");
        return texts(one.store).includes("unseen");
      },
      { intervalMs: 50 },
    );
    await waitFor(() => one.trouble.some(({ kind }) => kind === "reopened"));
  },
);

test("a channel joined elsewhere, of which the first that is seen here is the fourth post", async () => {
  const one = await newReader(world);
  say(one, "x");
  await has(one, ["x"]);
  world.sandbox.world.faults.updates(one.phone, "gap", 4);
  const { id } = world.sandbox.world.createChannel({
    title: "New",
    members: [one.friend, one.phone],
  });
  for (const text of ["1", "2", "3", "4", "5"]) world.sandbox.world.postToChannel(id, text);
  await has(one, ["1", "2", "3", "4", "5", "x"]);
});

test(
  "what the account sends to itself, to a person and to a group moves its position, and is " +
    "no gap",
  async () => {
    const one = await newReader(world);
    const group = world.sandbox.world.createGroup({
      title: "Family",
      members: [one.phone, one.friend],
    }).id;
    say(one, "hello");
    world.sandbox.world.sendToGroup(group, one.friend, "hello, all");
    await has(one, ["hello", "hello, all"]);
    const asked = counted("updates.getDifference");
    const friend = world.sandbox.world.account(one.friend).id;
    const { calls } = one.connection;
    let random = 0;
    const send = (chat: string, text: string): Promise<number | null> =>
      calls.send(
        { chat, topic: null },
        { text, entities: [], replyTo: null, randomId: String(++random) },
      );
    const mine = await send("me", "note");
    await send(friend, "to you");
    await send(`-${group}`, "to all");
    await calls.edit({ chat: "me", topic: null }, mine ?? 0, {
      text: "note, changed",
      entities: [],
    });
    await calls.delete({ chat: "me", topic: null }, [mine ?? 0]);
    say(one, "bye");
    await has(one, ["hello", "hello, all", "note", "to you", "to all", "bye"]);
    expect(counted("updates.getDifference")).toBe(asked);
    expect(one.connection.updateCounts()).toMatchObject({ recovered: 0, lost: 0 });
  },
);

test("more than a page of messages of which nothing can be read, behind them one that can: it " +
  "arrives, and the count is true", async () => {
  const one = await newReader(world);
  say(one, "1");
  await has(one, ["1"]);
  await one.connection.stop();
  for (let n = 0; n < 105; n++) say(one, "bad", true);
  say(one, "2");
  spoil(one, "garbled");
  one.connection.start();
  await one.reached("ready");
  await has(one, ["1", "2"]);
  await waitFor(() => lost(one) >= 105);
  expect(lost(one)).toBe(105);
}, 60_000);
