import bigInt from "big-integer";
import { Api, type TelegramClient } from "telegram";
import { expect, test } from "vitest";
import { loggedIn, stage, until } from "../mtproto/support/kit.ts";
import { startControl } from "./harness.ts";

const ANN = "4915550000001";
const BEN = "4915550000002";

test("a basic group is made, listed, read and written over the control API", async () => {
  await using control = await startControl();
  for (const phone of [ANN, BEN]) await control.post("/accounts", { phone });
  const made = await control.post("/groups", { title: "Family", members: [ANN, `+${BEN}`] });
  expect(made).toEqual({
    status: 201,
    body: { id: expect.any(String), title: "Family", members: [ANN, BEN] },
  });
  expect((await control.get("/groups")).body).toEqual([made.body]);
  const { id } = made.body;
  expect(
    await control.post(`/groups/${id}/messages`, { from: BEN, text: "dinner?" }),
  ).toMatchObject({ status: 201 });
  const seen = async (phone: string) =>
    (await control.get(`/accounts/${phone}/history?chat=${id}`)).body;
  expect(await seen(ANN)).toMatchObject([{ text: "dinner?", out: false }]);
  expect(await seen(BEN)).toMatchObject([{ text: "dinner?", out: true }]);
  await control.post("/accounts", { phone: "4915550000003" });
  expect(
    (await control.post(`/groups/${id}/messages`, { from: "4915550000003", text: "x" })).status,
  ).toBe(400);
  expect((await control.post("/groups/77/messages", { from: BEN, text: "x" })).status).toBe(404);
  expect((await control.post("/groups", { title: "Empty", members: [] })).status).toBe(400);
});

test(
  "members of a group write, edit, read and delete with a client; replies point into each " +
    "one's own box",
  async () => {
    const { telegram } = await stage();
    telegram.world.createAccount({ phone: ANN });
    telegram.world.createAccount({ phone: BEN });
    telegram.world.sendPrivate(ANN, BEN, "so that the ids of the two differ");
    telegram.world.sendPrivate(ANN, ANN, "note");
    const group = telegram.world.createGroup({ title: "Family", members: [ANN, BEN] }).id;
    const [ann, ben] = [await loggedIn(telegram, ANN), await loggedIn(telegram, BEN)];
    telegram.world.sendToGroup(group, ANN, "1");
    const peer = new Api.InputPeerChat({ chatId: bigInt(group) });
    const history = async (client: TelegramClient) =>
      (await client.getMessages(peer, { limit: 10 }))
        .map((each) => each as unknown as Api.Message)
        .toReversed();
    const first = (await history(ben))[0]?.id ?? 0;
    await ben.sendMessage(peer, { message: "2", replyTo: first });
    const [question, answer] = await history(ann);
    expect(answer).toMatchObject({
      message: "2",
      out: false,
      replyTo: { replyToMsgId: question?.id },
    });
    expect(question?.id).not.toBe(first);
    const said = telegram.world.history(ANN, group).map(({ id }) => id);
    await ann.invoke(new Api.messages.EditMessage({ peer, id: said[0] ?? 0, message: "1!" }));
    await ann.invoke(new Api.messages.DeleteMessages({ id: [said[1] ?? 0], revoke: true }));
    await until("all see it", () => telegram.world.history(BEN, group).length === 1);
    expect((await history(ben)).map(({ message }) => message)).toEqual(["1!"]);
    await ben.invoke(new Api.messages.ReadHistory({ peer, maxId: 0 }));
    const { dialogs } = (await ann.invoke(
      new Api.messages.GetPeerDialogs({ peers: [new Api.InputDialogPeer({ peer })] }),
    )) as Api.messages.PeerDialogs;
    expect(dialogs).toMatchObject([{ readOutboxMaxId: said[0] }]);
  },
);

test("a forum and its topics are made, changed and written in over the control API", async () => {
  await using control = await startControl();
  await control.post("/accounts", { phone: ANN });
  await control.post("/accounts", { phone: BEN });
  const { id } = (
    await control.post("/channels", { title: "Desk", members: [ANN, BEN], forum: true })
  ).body;
  const topic = (await control.post(`/channels/${id}/topics`, { title: "alpha" })).body.id;
  expect((await control.get(`/channels/${id}/topics`)).body).toEqual([
    { id: topic, title: "alpha", closed: false },
  ]);
  await control.post(`/channels/${id}/messages`, { text: "one", topic, from: BEN });
  expect((await control.get(`/accounts/${ANN}/history?chat=${id}`)).body).toMatchObject([
    { text: "one", topic },
  ]);
  const change = async (method: string, path: string, body?: object) =>
    (
      await fetch(`${control.sandbox.url}/control/channels/${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    ).status;
  expect(await change("PATCH", `${id}/topics/${topic}`, { closed: true })).toBe(200);
  expect(
    await control.post(`/channels/${id}/messages`, { text: "two", topic, from: BEN }),
  ).toMatchObject({
    status: 400,
    body: { error: { code: "telegram-refused", message: expect.stringContaining("TOPIC_CLOSED") } },
  });
  expect(await change("DELETE", `${id}/topics/${topic}`)).toBe(200);
  expect([
    await change("DELETE", `${id}/topics/${topic}`),
    (await control.get(`/channels/${id}/topics`)).body,
  ]).toEqual([404, []]);
  const plain = (await control.post("/channels", { title: "News", members: [ANN] })).body.id;
  expect((await control.get(`/channels/${plain}/topics`)).status).toBe(400);
});
