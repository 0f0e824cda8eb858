/** Relays from one sandbox account through another, over real sockets. */
import type { Route } from "@flotilla/contracts";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { person, sandbox, worker } from "./members.ts";
import { placeAt, route, tellRoutes } from "./world.ts";

/** A reader and a sender, both members of source and target; the sender owns the target. */
async function pair() {
  const [place, dir, readerPhone, senderPhone] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    person(),
    person(),
  ];
  const group = (members: string[]) => {
    const { id } = sandbox.world.createChannel({ title: "Group", members, supergroup: true });
    return { id, chat: `-100${id}` };
  };
  const source = group([person(), readerPhone, senderPhone]);
  const target = group([senderPhone]);
  const reader = await worker("reader", readerPhone, place, dir);
  const sender = await worker("sender", senderPhone, place, dir);
  const change = async (...routes: Route[]): Promise<void> => {
    await tellRoutes(place, "reader", routes);
    await waitFor(() => reader.store.relay.routes()?.body === JSON.stringify(routes));
  };
  const seen = () =>
    sandbox.world
      .history(senderPhone, target.id)
      .filter(({ text, media }) => text !== "" || media !== null);
  const arrived = (count: number) => waitFor(() => (seen().length >= count ? seen() : null));
  const say = (text: string, more: object = {}): number =>
    sandbox.world.postToChannel(source.id, text, more);
  return { source, target, reader, sender, change, seen, arrived, say };
}

const file = (text: string) => ({
  name: "a.txt",
  mime: "text/plain",
  base64: Buffer.from(text).toString("base64"),
});

// Field faults B1 and B7.
test(
  "files that answer a message answer its copy, as an album too; a replaced picture is " +
    "replaced in the target",
  async () => {
    const it = await pair();
    await it.change(
      route({
        from: { worker: "reader", chats: [it.source.chat] },
        to: { kind: "worker", worker: "sender", chat: it.target.chat },
      }),
    );
    const picture = (text: string) => ({ ...file(text), kind: "photo" as const });
    const first = it.say("first");
    const photo = it.say("a photo", { replyTo: first, file: picture("one") });
    it.say(`${"word ".repeat(300)}end`, { replyTo: photo, file: file("x") });
    for (const text of ["both", ""])
      it.say(text, { groupedId: "7", replyTo: first, file: picture(`album ${text}`) });
    const all = await it.arrived(6);
    const [one, two, three, rest, four, five] = all;
    expect(all.map(({ replyTo }) => replyTo)).toEqual([
      null,
      one?.id,
      two?.id,
      three?.id,
      one?.id,
      one?.id,
    ]);
    expect(all.map(({ media }) => media?.photo ?? null)).toEqual([
      null,
      true,
      false,
      null,
      true,
      true,
    ]);
    expect(`${three?.text} ${rest?.text}`).toBe(`${"word ".repeat(300)}end`);
    expect([two?.text, four?.text, five?.text, four?.groupedId === five?.groupedId]).toEqual([
      "a photo",
      "both",
      "",
      true,
    ]);
    sandbox.world.editInChannel(it.source.id, photo, "another photo", picture("two"));
    await waitFor(() => it.seen()[1]?.text === "another photo");
    const [there] = sandbox.world.history(it.sender.phone, it.source.id).slice(1);
    expect(it.seen()[1]?.media?.sha256, "the new picture").toBe(there?.media?.sha256);
    expect(it.seen()[1]?.media?.sha256).not.toBe(two?.media?.sha256);
  },
);

// Field fault B1.
test(
  "a place and a contact answer; a poll that is sent again is another poll: it is forwarded " +
    "and counted",
  async () => {
    const it = await pair();
    await it.change(
      route({
        from: { worker: "reader", chats: [it.source.chat] },
        to: { kind: "worker", worker: "sender", chat: it.target.chat },
      }),
    );
    const replyTo = it.say("first");
    it.say("", { replyTo, content: { kind: "place", latitude: 52.5, longitude: 13.4 } });
    it.say("", {
      replyTo,
      content: { kind: "place", latitude: 52.5, longitude: 13.4, title: "Kiosk" },
    });
    it.say("", {
      replyTo,
      content: { kind: "contact", phone: "+4915550000009", firstName: "Ann" },
    });
    it.say("", { replyTo, content: { kind: "poll", question: "Up?", options: ["yes", "no"] } });
    const seen = () => sandbox.world.history(it.sender.phone, it.target.id);
    await waitFor(() => seen().length === 5);
    const first = seen()[0]?.id;
    expect(seen().map(({ content, replyTo: answered }) => [content, answered])).toEqual([
      [null, null],
      ["place", first],
      ["place", first],
      ["contact", first],
      ["poll", null],
    ]);
    await waitFor(() => it.reader.store.relay.outbox.counts("signals")["delivered"] === 5);
    expect(it.reader.store.relay.outbox.counts("signals")["no-reply"]).toBe(1);
  },
);

// Field fault B4.
test("a basic group that becomes a supergroup stays source and target", async () => {
  const it = await pair();
  const owner = person();
  const from = sandbox.world.createGroup({ title: "Source", members: [owner, it.reader.phone] }).id;
  const into = sandbox.world.createGroup({ title: "Target", members: [it.sender.phone, owner] }).id;
  await it.change(
    route({
      from: { worker: "reader", chats: [`-${from}`] },
      to: { kind: "worker", worker: "sender", chat: `-${into}` },
    }),
  );
  const said = (chat: string) =>
    sandbox.world
      .history(it.sender.phone, chat)
      .map(({ text }) => text)
      .filter((text) => text !== "");
  sandbox.world.sendToGroup(from, owner, "one");
  await waitFor(() => said(into).length === 1);
  const source = sandbox.world.migrateGroup(from).id;
  sandbox.world.postToChannel(source, "two");
  await waitFor(() => said(into).length === 2);
  const target = sandbox.world.migrateGroup(into).id;
  await waitFor(() => it.sender.store.chatPins.now(`-${into}`) === `-100${target}`);
  sandbox.world.postToChannel(source, "three");
  await waitFor(() => said(target).length === 1);
  expect([said(into), said(target)]).toEqual([["one", "two"], ["three"]]);
});
