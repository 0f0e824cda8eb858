/**
 * Private chats and basic groups over sockets: their messages are in the account's box and come in
 * short forms.
 */
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { useSandbox } from "../world.ts";
import { has, newReader, type Reader, texts } from "./reader.ts";

const world = useSandbox();

interface Member extends Reader {
  readonly group: string;
  /** Marked id. */
  readonly chat: string;
}

/** A connected account in a basic group with its friend. */
async function member(): Promise<Member> {
  const one = await newReader(world);
  const group = world.sandbox.world.createGroup({
    title: "Family",
    members: [one.friend, one.phone],
  }).id;
  return { ...one, group, chat: `-${group}` };
}

const say = ({ group, friend }: Member, text: string): number =>
  world.sandbox.world.sendToGroup(group, friend, text);
const write = ({ friend, phone }: Member, text: string): number =>
  world.sandbox.world.sendPrivate(friend, phone, text);
const differences = (): number => world.sandbox.world.counters()["updates.getDifference"] ?? 0;
const speakers = { "a basic group": say, "a private chat": write };

test.each(Object.entries(speakers))(
  "messages in %s are pushed, in full and in short form",
  async (where, speak) => {
    const one = await member();
    const before = differences();
    for (const text of ["1", "2", "3"]) speak(one, text);
    await has(one, ["1", "2", "3"]);
    expect(differences(), "nothing had to be asked").toBe(before);
    const friend = world.sandbox.world.account(one.friend).id;
    const chat = where === "a basic group" ? one.chat : friend;
    const rows = one.store.updates.pending(99).filter((row) => row.chat === chat);
    expect(rows.map(({ content }) => [content?.text, content?.from, content?.out])).toEqual([
      ["1", friend, false],
      ["2", friend, false],
      ["3", friend, false],
    ]);
  },
);

test.each(Object.entries(speakers))(
  "a short message in %s from an unknown user is fetched",
  async (_where, speak) => {
    const one = await member();
    const before = differences();
    world.sandbox.world.faults.updates(one.phone, "short", 1);
    speak(one, "who is this?");
    await has(one, ["who is this?"]);
    expect(differences()).toBe(before + 1);
    speak(one, "known now");
    await has(one, ["known now", "who is this?"]);
    expect(differences(), "the second one said it all").toBe(before + 1);
  },
);

test("a gap in a group is filled, and what is said while away is there before it is ready", async () => {
  const one = await member();
  world.sandbox.world.faults.updates(one.phone, "gap", 2);
  for (const text of ["1", "2", "3"]) say(one, text);
  await has(one, ["1", "2", "3"]);
  await one.connection.stop();
  for (const text of ["4", "5"]) say(one, text);
  write(one, "6");
  one.connection.start();
  await one.reached("ready");
  expect(one.caughtUp.at(-1)).toMatchObject({ missed: 3, recovered: 3, lost: 0 });
  expect(texts(one.store)).toEqual(["1", "2", "3", "4", "5", "6"]);
});

test("a group without a usable difference is read from its history", async () => {
  const one = await member();
  say(one, "1");
  await has(one, ["1"]);
  await one.connection.stop();
  const state = one.store.updates.account();
  if (state) one.store.updates.commit({ account: { ...state, pts: state.pts + 1000 } }, () => true);
  say(one, "2");
  one.connection.start();
  await one.reached("ready");
  expect(texts(one.store)).toEqual(["1", "2"]);
});

test("a group with an id like a channel's is written to, and its messages deleted", async () => {
  const one = await member();
  expect(one.chat).toMatch(/^-100/);
  say(one, "1");
  await has(one, ["1"]);
  const { calls } = one.connection;
  const to = { chat: one.chat, topic: null };
  const id = (await calls.send(to, { text: "2", entities: [], replyTo: null, randomId: "1" })) ?? 0;
  const there = (phone: string): string[] =>
    world.sandbox.world.history(phone, one.group).map(({ text }) => text);
  expect(there(one.friend)).toEqual(["1", "2"]);
  await calls.delete(to, [id]);
  expect(there(one.friend)).toEqual(["1"]);
  await waitFor(() =>
    one.store.updates
      .pending(99)
      .some(({ kind, messageId }) => kind === "delete" && messageId === id),
  );
});

test("a group that restricts saving is known as such, also when a message comes without it", async () => {
  const one = await newReader(world);
  const members = [one.friend, one.phone];
  const group = world.sandbox.world.createGroup({ title: "Sealed", members, noforwards: true }).id;
  const sealed = { ...one, group, chat: `-${group}` };
  const before = differences();
  world.sandbox.world.faults.updates(one.phone, "short", 4);
  for (const text of ["1", "2", "3", "4"]) say(sealed, text);
  await has(one, ["1", "2", "3", "4"]);
  expect(one.store.entities.byId(sealed.chat)?.protected).toBe(true);
  expect(
    differences() - before,
    "the first one is asked for: the group is not known",
  ).toBeGreaterThan(0);
});
