/** Relays from forum topics into a topic, over real sockets. */
import type { Route } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { RelayBoard } from "@flotilla/queue";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { person, sandbox, worker } from "./members.ts";
import { placeAt, route, tellRoutes } from "./world.ts";

interface Forum {
  readonly id: string;
  /** Marked id. */
  readonly chat: string;
  topic(title: string): number;
}

function forum(members: string[]): Forum {
  const { id } = sandbox.world.createChannel({
    title: "Forum",
    members: [person(), ...members],
    forum: true,
  });
  return { id, chat: `-100${id}`, topic: (title) => sandbox.world.topics.create(id, title) };
}

/** A reader in a source forum, a sender in a target forum and, with `share`, in the source too. */
async function pair({ share = false } = {}) {
  const [place, dir, readerPhone, senderPhone] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    person(),
    person(),
  ];
  const source = forum([readerPhone, ...(share ? [senderPhone] : [])]);
  const target = forum([senderPhone]);
  const reader = await worker("reader", readerPhone, place, dir);
  const sender = await worker("sender", senderPhone, place, dir);
  const change = async (...routes: Route[]): Promise<void> => {
    await tellRoutes(place, "reader", routes);
    await waitFor(() => reader.store.relay.routes()?.body === JSON.stringify(routes));
  };
  const seen = () => sandbox.world.history(senderPhone, target.id);
  const arrived = (count: number) => waitFor(() => (seen().length >= count ? seen() : null));
  const say = (topic: number | undefined, text: string, more: object = {}): number =>
    sandbox.world.postToChannel(source.id, text, {
      ...more,
      ...(topic === undefined ? {} : { topic }),
    });
  return { place, source, target, reader, sender, change, seen, arrived, say };
}

const file = (text: string) => ({
  name: "a.txt",
  mime: "text/plain",
  base64: Buffer.from(text).toString("base64"),
});

test("a topic is relayed into a topic: texts, answers, files, albums, edits and deletions", async () => {
  const it = await pair();
  const [wanted, other, into] = [
    it.source.topic("wanted"),
    it.source.topic("other"),
    it.target.topic("into"),
  ];
  const to = { kind: "worker", worker: "sender", chat: it.target.chat, topic: into };
  await it.change(
    route({ from: { worker: "reader", chats: [it.source.chat], topic: wanted }, to }),
  );
  it.say(other, "elsewhere");
  it.say(undefined, "in general");
  const first = it.say(wanted, "first");
  const answer = it.say(wanted, "answer", { replyTo: first });
  it.say(wanted, "with a file", { file: file("x") });
  for (const text of ["both", ""]) it.say(wanted, text, { groupedId: "7", file: file("y") });
  it.say(wanted, "last");
  const all = await it.arrived(6);
  expect(all.map(({ text, topic }) => [text, topic])).toEqual(
    ["first", "answer", "with a file", "both", "", "last"].map((text) => [text, into]),
  );
  expect(all.map(({ replyTo }) => replyTo)).toEqual([null, all[0]?.id, null, null, null, null]);
  expect([all[3]?.groupedId, all[2]?.media]).toEqual([
    all[4]?.groupedId,
    expect.objectContaining({ name: "a.txt" }),
  ]);
  expect(it.reader.store.relay.outbox.counts("signals")).toMatchObject({
    "other-topic": 2,
    matched: 5,
  });
  sandbox.world.editInChannel(it.source.id, answer, "answer, mended");
  sandbox.world.deleteInChannel(it.source.id, [first]);
  await waitFor(
    () => it.seen().some(({ text }) => text === "answer, mended") && it.seen().length === 5,
  );
});

test(
  "forwards go into the topic with their author; General is read by its number and is the " +
    "default",
  async () => {
    const it = await pair({ share: true });
    const [wanted, into] = [it.source.topic("wanted"), it.target.topic("into")];
    const base = {
      action: { kind: "forward" },
      from: { worker: "reader", chats: [it.source.chat], topic: wanted },
    };
    const to = { kind: "worker", worker: "sender", chat: it.target.chat };
    const general = { worker: "reader", chats: [it.source.chat], topic: 1 };
    await it.change(
      route({ ...base, to: { ...to, topic: into } }),
      route({ id: "general", from: general, to: { ...to, topic: 1 } }),
    );
    it.say(wanted, "one");
    for (const text of ["both", "of them"])
      it.say(wanted, text, { groupedId: "7", file: file("y") });
    it.say(undefined, "to all");
    const all = await it.arrived(4);
    const told = all.map(({ text, topic, forwarded }) => [text, topic, forwarded]);
    expect(told.filter(([, topic]) => topic !== null)).toEqual([
      ["one", into, true],
      ["both", into, true],
      ["of them", into, true],
    ]);
    expect(told).toContainEqual(["to all", null, false]);
    expect(await it.reader.relay.dryRun(route({ from: { ...base.from }, to }))).toMatchObject([
      { text: "of them" },
      { text: "both" },
      { text: "one", verdict: "take" },
    ]);
  },
);

test(
  "a closed topic stops its route with the reason; after a change of the target it resumes " +
    "at once and loses nothing",
  async () => {
    const it = await pair();
    const [closed, open] = [it.target.topic("closed"), it.target.topic("open")];
    const from = { worker: "reader", chats: [it.source.chat] };
    const into = (topic: number) =>
      route({ from, to: { kind: "worker", worker: "sender", chat: it.target.chat, topic } });
    await it.change(into(closed));
    const before = it.say(undefined, "before");
    await it.arrived(1);
    sandbox.world.topics.change(it.target.id, closed, { closed: true });
    it.say(undefined, "answer", { replyTo: before });
    it.say(undefined, "later");
    const board = new RelayBoard(it.place, () => {});
    onTestFinished(() => board.close());
    const stuck = async (code: string) =>
      await waitFor(
        async () => (await board.read(parseWorkerId("reader")))?.routes[0]?.stuck?.code === code,
      );
    await stuck("TOPIC_CLOSED");
    sandbox.world.topics.delete(it.target.id, closed);
    it.reader.relay.wake("signals");
    await stuck("TOPIC_DELETED");
    expect(it.reader.store.relay.outbox.poison("signals", 9)).toEqual([]);
    await it.change(into(open));
    expect((await it.arrived(2)).map(({ text, topic, replyTo }) => [text, topic, replyTo])).toEqual(
      [
        ["answer", open, null],
        ["later", open, null],
      ],
    );
  },
);

test("backfill of one topic finds its messages among many of other topics", async () => {
  const it = await pair();
  const wanted = it.source.topic("wanted");
  for (const text of ["one", "two", "three"]) it.say(wanted, text);
  for (let n = 0; n < 5; n++) it.say(undefined, `noise ${n}`);
  const to = { kind: "worker", worker: "sender", chat: it.target.chat };
  await it.change(
    route({ from: { worker: "reader", chats: [it.source.chat], topic: wanted }, to }),
  );
  it.reader.relay.backfill("signals", { last: 2 });
  expect((await it.arrived(2)).map(({ text }) => text)).toEqual(["two", "three"]);
});
