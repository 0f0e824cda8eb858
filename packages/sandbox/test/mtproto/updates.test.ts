import bigInt from "big-integer";
import { Api, type TelegramClient } from "telegram";
import { describe, expect, it } from "vitest";
import { loggedIn, pushed, stage, until } from "./support/kit.ts";

const ANN = "15550000001";
const BOB = "15550000002";

function difference(
  client: TelegramClient,
  from: { pts: number; date: number },
  ptsTotalLimit?: number,
): Promise<Api.updates.TypeDifference> {
  const limit = ptsTotalLimit === undefined ? {} : { ptsTotalLimit };
  return client.invoke(
    new Api.updates.GetDifference({ pts: from.pts, date: from.date, qts: 0, ...limit }),
  );
}

async function scene(limits: Parameters<typeof stage>[0] = {}) {
  const set = await stage(limits);
  set.telegram.world.createAccount({ phone: ANN });
  set.telegram.world.createAccount({ phone: BOB, username: "bob_ray" });
  const ann = await loggedIn(set.telegram, ANN);
  await ann.getMe();
  const start = await ann.invoke(new Api.updates.GetState());
  return { ...set, ann, start };
}

describe("updates.getDifference", () => {
  it("is empty when there is nothing, and refuses a pts from the future", async () => {
    const { ann, start } = await scene();
    expect(await difference(ann, start)).toBeInstanceOf(Api.updates.DifferenceEmpty);
    await expect(difference(ann, { ...start, pts: 99 })).rejects.toMatchObject({
      errorMessage: "PERSISTENT_TIMESTAMP_INVALID",
    });
  });

  it("gives everything missed in slices that lead to the present", async () => {
    const { telegram, ann, start } = await scene({ limits: { slice: 3 } });
    for (let index = 0; index < 8; index++) telegram.world.sendPrivate(BOB, ANN, `missed ${index}`);
    const seen: string[] = [];
    let at = { pts: start.pts, date: start.date };
    for (;;) {
      const found = await difference(ann, at);
      if (
        !(found instanceof Api.updates.Difference) &&
        !(found instanceof Api.updates.DifferenceSlice)
      )
        throw new Error(found.className);
      seen.push(...found.newMessages.map((message) => (message as Api.Message).message));
      if (found instanceof Api.updates.Difference) break;
      at = found.intermediateState;
    }
    expect(seen).toEqual(Array.from({ length: 8 }, (_, index) => `missed ${index}`));
    expect((await ann.invoke(new Api.updates.GetState())).pts).toBe(start.pts + 8);
  });

  it("shows edits and deletions as updates, and no message that is gone", async () => {
    const { telegram, ann, start } = await scene();
    const bob = await loggedIn(telegram, BOB);
    telegram.world.sendPrivate(ANN, BOB, "x");
    const anns = telegram.world.account(ANN).id;
    await bob.getDialogs({});
    const sent = await bob.sendMessage(bigInt(anns), { message: "one" });
    await bob.sendMessage(bigInt(anns), { message: "two" });
    await bob.deleteMessages(bigInt(anns), [sent.id], { revoke: true });
    const found = (await difference(ann, start)) as Api.updates.Difference;
    expect(found.newMessages.map((message) => (message as Api.Message).message)).toEqual([
      "x",
      "two",
    ]);
    expect(found.otherUpdates.map((update) => update.className)).toEqual(["UpdateDeleteMessages"]);
    expect(found.users.length).toBe(2);
  });

  it("gives up on too many events, by the server's limit or the client's", async () => {
    const { telegram, ann, start } = await scene({ limits: { tooLong: 5 } });
    for (let index = 0; index < 5; index++) telegram.world.sendPrivate(BOB, ANN, `${index}`);
    expect(await difference(ann, start)).toBeInstanceOf(Api.updates.Difference);
    expect(await difference(ann, start, 4)).toBeInstanceOf(Api.updates.DifferenceTooLong);
    telegram.world.sendPrivate(BOB, ANN, "one more");
    expect(await difference(ann, start)).toMatchObject({
      className: "updates.DifferenceTooLong",
      pts: start.pts + 6,
    });
  });

  it("names the channels that have news", async () => {
    const { telegram, ann, start } = await scene();
    const channel = telegram.world.createChannel({ title: "News", members: [ANN] });
    telegram.world.postToChannel(channel.id, "news");
    const found = (await difference(ann, start)) as Api.updates.Difference;
    expect(found.otherUpdates).toMatchObject([{ className: "UpdateChannelTooLong", pts: 2 }]);
    expect(found.chats).toMatchObject([{ title: "News" }]);
  });
});

describe("updates.getChannelDifference", () => {
  async function channelScene(limits: Parameters<typeof stage>[0] = {}) {
    const set = await scene(limits);
    const { id } = set.telegram.world.createChannel({
      title: "News",
      username: "news_now",
      members: [ANN],
    });
    const channel = await set.ann.getInputEntity("news_now");
    const ask = (pts: number): Promise<Api.updates.TypeChannelDifference> =>
      set.ann.invoke(
        new Api.updates.GetChannelDifference({
          channel,
          filter: new Api.ChannelMessagesFilterEmpty(),
          pts,
          limit: 100,
        }),
      );
    return { ...set, ask, post: (text: string) => set.telegram.world.postToChannel(id, text) };
  }

  it("comes in pages", async () => {
    const { ask, post } = await channelScene({ limits: { channelPage: 2 } });
    expect(await ask(1)).toMatchObject({
      className: "updates.ChannelDifferenceEmpty",
      final: true,
      pts: 1,
    });
    for (const text of ["a", "b", "c"]) post(text);
    expect(await ask(1)).toMatchObject({
      final: false,
      pts: 3,
      newMessages: [{ message: "a" }, { message: "b" }],
    });
    expect(await ask(3)).toMatchObject({ final: true, pts: 4, newMessages: [{ message: "c" }] });
    await expect(ask(0)).rejects.toMatchObject({ errorMessage: "PERSISTENT_TIMESTAMP_EMPTY" });
  });

  it("is too long after many posts, and then shows the latest", async () => {
    const { ask, post } = await channelScene({ limits: { channelTooLong: 3, channelPage: 2 } });
    for (const text of ["a", "b", "c", "d"]) post(text);
    const found = (await ask(1)) as Api.updates.ChannelDifferenceTooLong;
    expect(found).toMatchObject({
      className: "updates.ChannelDifferenceTooLong",
      dialog: { pts: 5, topMessage: 4 },
    });
    expect(found.messages.map((message) => (message as Api.Message).message)).toEqual(["d", "c"]);
  });
});

describe("pushes outside the boxes", () => {
  it("are service notifications and the call to ask for the difference", async () => {
    const { telegram, ann } = await scene();
    const updates = pushed(ann);
    telegram.notify(ANN, "Please read the terms.");
    telegram.pushTooLong(ANN);
    await until("both are there", () => updates.length === 2);
    expect(updates.map((update) => update.className)).toEqual([
      "UpdateServiceNotification",
      "UpdatesTooLong",
    ]);
  });
});
