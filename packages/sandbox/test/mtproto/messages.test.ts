import bigInt from "big-integer";
import { Api, type TelegramClient } from "telegram";
import { describe, expect, it } from "vitest";
import { loggedIn, pushed, type Stage, stage, until } from "./support/kit.ts";

const ANN = "15550000001";
const BOB = "15550000002";

interface Pair extends Stage {
  readonly ann: TelegramClient;
  readonly bob: TelegramClient;
}

/** GramJS's lists are arrays with a `total`, which vitest takes for a difference. */
function texts(messages: readonly (Api.Message | undefined)[]): (string | undefined)[] {
  return Array.from(messages, (message) => message?.message);
}

/** Two accounts, each with a client that knows itself (GramJS holds updates back until it does). */
async function pair(options: Parameters<typeof stage>[0] = {}): Promise<Pair> {
  const set = await stage(options);
  set.telegram.world.createAccount({ phone: ANN, username: "ann_lee", firstName: "Ann" });
  set.telegram.world.createAccount({ phone: BOB, username: "bob_ray", firstName: "Bob" });
  const [ann, bob] = await Promise.all([loggedIn(set.telegram, ANN), loggedIn(set.telegram, BOB)]);
  await Promise.all([ann.getMe(), bob.getMe()]);
  return { ...set, ann, bob };
}

describe("private chats", () => {
  it("carry a message to the other side, once", async () => {
    const { telegram, ann, bob } = await pair();
    const updates = pushed(bob);
    const sent = await ann.sendMessage("bob_ray", { message: "hello" });
    expect(sent).toMatchObject({ id: 1, message: "hello", out: true });
    const update = await until("Bob has it", () =>
      updates.find((entry) => entry instanceof Api.UpdateNewMessage),
    );
    expect(update).toMatchObject({ pts: 2, ptsCount: 1, message: { message: "hello" } });
    expect(telegram.world.history(BOB, ANN)).toMatchObject([{ text: "hello", out: false }]);
    expect(telegram.world.history(ANN, BOB)).toMatchObject([{ text: "hello", out: true }]);
  });

  it("refuse a random id that was used, an empty text and one that is too long", async () => {
    const { telegram, ann } = await pair();
    const peer = await ann.getInputEntity("bob_ray");
    const request = new Api.messages.SendMessage({ peer, message: "once", randomId: bigInt(42) });
    await ann.invoke(request);
    await expect(ann.invoke(request)).rejects.toMatchObject({
      code: 500,
      errorMessage: "RANDOM_ID_DUPLICATE",
    });
    await expect(ann.sendMessage(peer, { message: "x".repeat(4097) })).rejects.toMatchObject({
      errorMessage: "MESSAGE_TOO_LONG",
    });
    await expect(
      ann.invoke(new Api.messages.SendMessage({ peer, message: " " })),
    ).rejects.toMatchObject({
      errorMessage: "MESSAGE_EMPTY",
    });
    expect(telegram.world.history(BOB, ANN)).toHaveLength(1);
  });

  it("keep the order of twenty messages sent at once", async () => {
    const { telegram, ann } = await pair();
    const peer = await ann.getInputEntity("bob_ray");
    const wanted = Array.from({ length: 20 }, (_, index) => `message ${index}`);
    await Promise.all(wanted.map((message) => ann.sendMessage(peer, { message })));
    expect(telegram.world.history(BOB, ANN).map((message) => message.text)).toEqual(wanted);
  });

  it("let the author edit and delete, for both sides", async () => {
    const { telegram, ann, bob } = await pair();
    const updates = pushed(bob);
    const { id } = await ann.sendMessage("bob_ray", { message: "helo" });
    await ann.editMessage("bob_ray", { message: id, text: "hello" });
    await until("Bob sees the edit", () =>
      updates.find((entry) => entry instanceof Api.UpdateEditMessage),
    );
    await expect(ann.editMessage("bob_ray", { message: id, text: "hello" })).rejects.toMatchObject({
      errorMessage: "MESSAGE_NOT_MODIFIED",
    });
    await expect(bob.editMessage("ann_lee", { message: 1, text: "mine" })).rejects.toMatchObject({
      errorMessage: "MESSAGE_AUTHOR_REQUIRED",
    });
    await ann.deleteMessages("bob_ray", [id], { revoke: true });
    const gone = await until("Bob sees it go", () =>
      updates.find((entry) => entry instanceof Api.UpdateDeleteMessages),
    );
    expect(gone).toMatchObject({ messages: [1], ptsCount: 1 });
    expect(telegram.world.history(BOB, ANN)).toEqual([]);
  });

  it("tell the author that a message was read", async () => {
    const { ann, bob } = await pair();
    const updates = pushed(ann);
    await ann.sendMessage("bob_ray", { message: "read me" });
    await bob.invoke(new Api.messages.ReadHistory({ peer: "ann_lee", maxId: 0 }));
    const read = await until("Ann sees it", () =>
      updates.find((entry) => entry instanceof Api.UpdateReadHistoryOutbox),
    );
    expect(read).toMatchObject({ maxId: 1 });
  });

  it("can be listed, paged and forwarded from", async () => {
    const { telegram, ann, bob } = await pair();
    for (let index = 1; index <= 5; index++) telegram.world.sendPrivate(BOB, ANN, `note ${index}`);
    const peer = await ann.getInputEntity("bob_ray");
    expect(texts(await ann.getMessages(peer, { limit: 2 }))).toEqual(["note 5", "note 4"]);
    expect(texts(await ann.getMessages(peer, { limit: 2, offsetId: 4 }))).toEqual([
      "note 3",
      "note 2",
    ]);
    expect(texts(await ann.getMessages(peer, { ids: [1, 99] }))).toEqual(["note 1", undefined]);
    const [dialog] = await ann.getDialogs({});
    expect(dialog).toMatchObject({ unreadCount: 5, title: "Bob" });
    await ann.forwardMessages("me", { messages: [2, 3], fromPeer: peer });
    const saved = await ann.getMessages("me", { limit: 10 });
    expect(
      Array.from(saved, (message) => [message.message, message.fwdFrom?.fromId?.className]),
    ).toEqual([
      ["note 3", "PeerUser"],
      ["note 2", "PeerUser"],
    ]);
    expect(await bob.getMessages("ann_lee", { limit: 10 })).toHaveLength(5);
  });

  it("reach a second session of the sender and compress long answers", async () => {
    const { telegram, ann } = await pair();
    const second = await loggedIn(telegram, ANN);
    await second.getMe();
    const updates = pushed(second);
    await ann.sendMessage("bob_ray", { message: "seen everywhere" });
    await until("the second session has it", () =>
      updates.some((entry) => entry instanceof Api.UpdateNewMessage),
    );
    for (let index = 0; index < 50; index++)
      telegram.world.sendPrivate(ANN, BOB, `${index} ${"lorem ipsum ".repeat(100)}`);
    expect(await ann.getMessages("bob_ray", { limit: 60 })).toHaveLength(51);
  });
});

describe("people", () => {
  it("are found by name, number and contact list, and only with the right access hash", async () => {
    const { ann } = await pair();
    const bob = (await ann.getEntity("bob_ray")) as Api.User;
    expect(bob).toMatchObject({ firstName: "Bob", phone: BOB, self: false });
    const contacts = (await ann.invoke(
      new Api.contacts.GetContacts({ hash: bigInt.zero }),
    )) as Api.contacts.Contacts;
    expect(contacts.users).toHaveLength(1);
    expect(
      (await ann.invoke(new Api.users.GetFullUser({ id: "bob_ray" }))).fullUser.id.eq(bob.id),
    ).toBe(true);
    await expect(
      ann.invoke(new Api.contacts.ResolveUsername({ username: "missing_here" })),
    ).rejects.toMatchObject({
      errorMessage: "USERNAME_NOT_OCCUPIED",
    });
    const forged = new Api.InputPeerUser({ userId: bob.id, accessHash: bigInt(1) });
    await expect(ann.sendMessage(forged, { message: "hi" })).rejects.toMatchObject({
      errorMessage: "PEER_ID_INVALID",
    });
  });
});

describe("channels", () => {
  it("push posts to members with a pts of their own", async () => {
    const { telegram, ann, bob } = await pair();
    const channel = telegram.world.createChannel({
      title: "News",
      username: "news_now",
      members: [ANN, BOB],
    });
    const updates = pushed(bob);
    await ann.sendMessage("news_now", { message: "first" });
    telegram.world.postToChannel(channel.id, "second");
    const posts = (): Api.TypeUpdate[] =>
      updates.filter((entry) => entry instanceof Api.UpdateNewChannelMessage);
    await until("Bob has both", () => posts().length === 2);
    expect(posts()).toMatchObject([
      { pts: 2, message: { message: "first", post: true } },
      { pts: 3, message: { message: "second" } },
    ]);
    await expect(bob.sendMessage("news_now", { message: "me too" })).rejects.toMatchObject({
      code: 403,
      errorMessage: "CHAT_WRITE_FORBIDDEN",
    });
    const full = await bob.invoke(new Api.channels.GetFullChannel({ channel: "news_now" }));
    expect(full.fullChat).toMatchObject({ pts: 3, unreadCount: 2 });
    await bob.invoke(new Api.channels.ReadHistory({ channel: "news_now", maxId: 2 }));
    const [dialog] = await bob.getDialogs({});
    expect(dialog?.unreadCount).toBe(0);
  });

  it("can be joined, left, edited and cleaned", async () => {
    const { telegram, ann, bob } = await pair();
    telegram.world.createChannel({ title: "News", username: "news_now", members: [ANN] });
    telegram.world.createChannel({ title: "Closed", members: [ANN] });
    await bob.invoke(new Api.channels.JoinChannel({ channel: "news_now" }));
    expect(telegram.world.channels()[0]?.members).toEqual([ANN, BOB]);
    const updates = pushed(bob);
    const { id } = await ann.sendMessage("news_now", { message: "draft" });
    await ann.editMessage("news_now", { message: id, text: "final" });
    await expect(bob.deleteMessages("news_now", [id], {})).rejects.toMatchObject({
      errorMessage: "MESSAGE_DELETE_FORBIDDEN",
    });
    await ann.deleteMessages("news_now", [id], {});
    await until("Bob has seen it all", () =>
      updates.some((entry) => entry instanceof Api.UpdateDeleteChannelMessages),
    );
    await bob.invoke(new Api.channels.LeaveChannel({ channel: "news_now" }));
    expect(telegram.world.channels()[0]?.members).toEqual([ANN]);
  });

  it(
    "keep formatting and albums in a forward, lose the author on request, and refuse what is " +
      "restricted",
    async () => {
      const { telegram, ann } = await pair();
      const source = telegram.world.createChannel({
        title: "Source",
        username: "source_1",
        members: [ANN],
      });
      telegram.world.createChannel({ title: "Target", username: "target_1", members: [ANN] });
      const bold = new Api.MessageEntityBold({ offset: 0, length: 3 });
      await ann.invoke(
        new Api.messages.SendMessage({
          peer: "source_1",
          message: "one",
          entities: [bold],
          randomId: bigInt(1),
        }),
      );
      for (const text of ["two", "three"])
        telegram.world.postToChannel(source.id, text, { groupedId: "5" });
      telegram.world.postToChannel(source.id, "secret", { noforwards: true });
      const forward = (id: number[], dropAuthor: boolean) =>
        ann.invoke(
          new Api.messages.ForwardMessages({
            fromPeer: "source_1",
            toPeer: "target_1",
            id,
            randomId: id.map((n) => bigInt(100 + n)),
            dropAuthor,
          }),
        );
      await forward([1], false);
      await forward([2, 3], true);
      await expect(forward([4], true)).rejects.toMatchObject({
        errorMessage: "CHAT_FORWARDS_RESTRICTED",
      });
      const target = telegram.world.channels()[1]?.id ?? "";
      const seen = telegram.world.history(ANN, target);
      expect(seen).toMatchObject([
        { text: "one", forwarded: true, entities: 1 },
        { text: "two", forwarded: false },
        { text: "three", forwarded: false },
      ]);
      expect(seen[1]?.groupedId).toMatch(/\d/);
      expect(seen[2]?.groupedId).toBe(seen[1]?.groupedId);
    },
  );

  it("are changed in their own name, and count what came twice", async () => {
    const { telegram, ann } = await pair();
    const { id } = telegram.world.createChannel({
      title: "Source",
      username: "source_1",
      members: [BOB],
    });
    const first = telegram.world.postToChannel(id, "one");
    telegram.world.postToChannel(id, "two", { replyTo: first });
    telegram.world.editInChannel(id, first, "one, mended");
    expect(telegram.world.history(BOB, id)).toMatchObject([
      { text: "one, mended", edited: true },
      { replyTo: first },
    ]);
    telegram.world.deleteInChannel(id, [first]);
    expect(telegram.world.history(BOB, id)).toHaveLength(1);
    expect(() => telegram.world.editInChannel(id, 99, "x")).toThrow("no message 99");
    const send = () =>
      ann.invoke(
        new Api.messages.SendMessage({ peer: "source_1", message: "x", randomId: bigInt(9) }),
      );
    await expect(send()).rejects.toMatchObject({ errorMessage: "CHAT_WRITE_FORBIDDEN" });
    await expect(send()).rejects.toMatchObject({ errorMessage: "CHAT_WRITE_FORBIDDEN" });
    expect(telegram.world.account(ANN).duplicateSends).toBe(0);
  });
});
