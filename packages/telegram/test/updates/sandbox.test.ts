/** The engine over real sockets, against the sandbox and its faults. */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "../kit.ts";
import { useSandbox } from "../world.ts";
import { has, newReader, type Reader, texts } from "./reader.ts";

const world = useSandbox();

const reader = (timings: object = {}): Promise<Reader> => newReader(world, timings);
const say = ({ friend, phone }: Reader, text: string): number =>
  world.sandbox.world.sendPrivate(friend, phone, text);
const post = ({ channel }: Reader, text: string): number =>
  world.sandbox.world.postToChannel(channel, text);

test("messages of an outage are in the inbox once, before it is ready", async () => {
  const one = await reader();
  say(one, "before");
  await has(one, ["before"]);
  await one.connection.stop();
  const missed = Array.from({ length: 120 }, (_, n) => `p${n}`);
  for (const text of missed) say(one, text);
  for (const text of ["c1", "c2", "c3"]) post(one, text);
  one.connection.start();
  await one.reached("ready");
  expect(one.caughtUp.at(-1)).toMatchObject({ first: false, missed: 123, recovered: 123, lost: 0 });
  expect(texts(one.store)).toEqual(["before", "c1", "c2", "c3", ...missed].toSorted());
});

test.each(["gap", "duplicate", "reorder", "withhold"] as const)(
  "updates with a %s arrive once each",
  async (mode) => {
    const one = await reader();
    world.sandbox.world.faults.updates(one.phone, mode, 3);
    for (const text of ["1", "2", "3", "4", "5"]) say(one, text);
    for (const text of ["6", "7"]) post(one, text);
    await has(one, ["1", "2", "3", "4", "5", "6", "7"]);
    world.sandbox.world.faults.heal();
    say(one, "8");
    await has(one, ["1", "2", "3", "4", "5", "6", "7", "8"]);
  },
);

test("a channel and an account whose differences are too long lose nothing", async () => {
  const one = await reader();
  say(one, "x");
  post(one, "y");
  await has(one, ["x", "y"]);
  await one.connection.stop();
  const posts = Array.from({ length: 1200 }, (_, n) => `c${n}`);
  const said = Array.from({ length: 10_200 }, (_, n) => `p${n}`);
  for (const text of posts) post(one, text);
  for (const text of said) say(one, text);
  one.connection.start();
  await waitFor(() => one.connection.status().state === "ready", { timeoutMs: 60_000 });
  expect(one.caughtUp.at(-1)).toMatchObject({ missed: 11_400, recovered: 11_400, lost: 0 });
  expect(texts(one.store)).toEqual(["x", "y", ...posts, ...said].toSorted());
  expect(world.sandbox.world.counters()["messages.getHistory"]).toBeGreaterThan(100);
});

test("a channel that shuts the account out is marked, and the others continue", async () => {
  const one = await reader();
  await one.connection.stop();
  post(one, "unseen");
  say(one, "seen");
  world.sandbox.world.faults.failCalls({
    method: "updates.getChannelDifference",
    code: 400,
    text: "CHANNEL_PRIVATE",
    times: 99,
    phone: one.phone,
  });
  one.connection.start();
  await one.reached("ready");
  await has(one, ["seen"]);
  expect(one.store.updates.sources.get(`-100${one.channel}`)?.closed).toBe("CHANNEL_PRIVATE");
});

test("a server in trouble and a flood wait delay the catching up, and nothing else", async () => {
  const one = await reader();
  await one.connection.stop();
  say(one, "late");
  const { faults } = world.sandbox.world;
  faults.failCalls({
    method: "updates.getDifference",
    code: 500,
    text: "INTERNAL",
    times: 2,
    phone: one.phone,
  });
  faults.failCalls({
    method: "updates.getDifference",
    code: 420,
    text: "FLOOD_WAIT_1",
    times: 1,
    phone: one.phone,
  });
  one.connection.start();
  await waitFor(() => one.connection.status().state === "catching-up");
  await waitFor(() => one.connection.status().state === "ready");
  expect(texts(one.store)).toEqual(["late"]);
});

test("a position that the server refuses is read again", async () => {
  const one = await reader();
  say(one, "1");
  await has(one, ["1"]);
  await one.connection.stop();
  const state = one.store.updates.account();
  if (state) one.store.updates.commit({ account: { ...state, pts: state.pts + 1000 } }, () => true);
  say(one, "2");
  one.connection.start();
  await one.reached("ready");
  expect(texts(one.store)).toEqual(["1", "2"]);
  say(one, "3");
  await has(one, ["1", "2", "3"]);
});

test("a message of an unknown kind is skipped and reported; its neighbours arrive", async () => {
  const one = await reader();
  say(one, "1");
  world.sandbox.world.sendPrivate(one.friend, one.phone, "2", true);
  say(one, "3");
  await has(one, ["1", "3"]);
  await waitFor(() => one.trouble.length > 0);
  expect(one.trouble).toEqual([{ kind: "lost", box: "account", count: 1, why: "unreadable" }]);
});

test("edits and deletions are rows of their own, and name their chat", async () => {
  const one = await reader();
  const friend = await newStore();
  await world.logIn(friend, one.friend);
  const other = watch({ ...account(world.server), store: friend });
  other.connection.start();
  await other.reached("ready");
  const chat = `-100${one.channel}`;
  const to = { chat, topic: null };
  await waitFor(() => friend.entities.byId(chat) !== null);
  const id =
    (await other.connection.calls.send(to, {
      text: "v1",
      entities: [],
      replyTo: null,
      randomId: "1",
    })) ?? 0;
  await other.connection.calls.edit(to, id, { text: "v2", entities: [] });
  await other.connection.calls.delete(to, [id]);
  const rows = () => one.store.updates.pending(99).filter((row) => row.chat === chat);
  await waitFor(() => rows().length === 3);
  expect(rows().map(({ kind, content }) => [kind, content?.text])).toEqual([
    ["new", "v1"],
    ["edit", "v2"],
    ["delete", undefined],
  ]);
});

test("the sweep brings what was never pushed, without any gap that would show it", async () => {
  const one = await reader({ sweepEveryMs: 100 });
  world.sandbox.world.faults.updates(one.phone, "gap", 2);
  post(one, "silent");
  say(one, "unheard");
  await has(one, ["silent", "unheard"]);
  await waitFor(() => one.connection.updateCounts().sweepFound === 2);
});

test("a seq that does not follow brings what was not pushed, at once and once", async () => {
  const one = await reader();
  say(one, "1");
  await has(one, ["1"]);
  world.sandbox.world.faults.updates(one.phone, "gap", 2);
  for (const text of ["2", "3"]) say(one, text);
  world.sandbox.telegram.pushSeqGap(one.phone);
  await has(one, ["1", "2", "3"]);
  const seq = one.store.updates.account()?.seq;
  const asked = world.sandbox.world.counters()["updates.getDifference"];
  say(one, "4");
  await has(one, ["1", "2", "3", "4"]);
  expect(one.store.updates.account()?.seq).toBe(seq);
  expect(
    world.sandbox.world.counters()["updates.getDifference"],
    "the seq that was learned holds",
  ).toBe(asked);
});

test("updates continue from an imported position", async () => {
  const one = await reader();
  const before = one.store.updates.account();
  await one.connection.stop();
  say(one, "while it ran elsewhere");
  const copy = await newStore();
  copy.beginLogin();
  copy.setDc({ id: 2, address: "", port: 0 });
  copy.setAuthKey(one.store.authKey());
  copy.commitLogin(one.store.self() ?? { id: "", name: "", username: null, phone: null });
  if (before) copy.updates.commit({ account: before }, () => true);
  const { connection, reached, caughtUp } = watch({ ...account(world.server), store: copy });
  connection.start();
  await reached("ready");
  expect(caughtUp).toMatchObject([{ first: false, recovered: 1 }]);
  expect(texts(copy)).toEqual(["while it ran elsewhere"]);
});
