import { connect } from "node:net";
import { Api } from "telegram";
import { expect, onTestFinished, test } from "vitest";
import { gramjsClient } from "../mtproto/support/gramjs.ts";
import { until } from "../mtproto/support/kit.ts";
import { type ControlHarness, startControl } from "./harness.ts";

const BEN = "4915550000001";
const CLEO = "4915550000002";

async function client({ sandbox }: ControlHarness) {
  const made = gramjsClient(sandbox.telegram);
  await made.connect();
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.destroy() });
}

test("accounts are made and read; mistakes get a clear 400, 404 or 409", async () => {
  await using control = await startControl();
  const made = await control.post("/accounts", {
    phone: `+${BEN}`,
    firstName: "Ben",
    password: "hunter2",
    passwordHint: "classic",
  });
  expect(made).toMatchObject({
    status: 201,
    body: { phone: BEN, firstName: "Ben", hasPassword: true, passwordHint: "classic", dc: 2 },
  });
  expect((await control.get(`/accounts/${BEN}`)).body).toEqual(made.body);
  expect((await control.get(`/accounts/+${BEN}`)).body).toEqual(made.body);
  expect((await control.get("/accounts")).body).toEqual([made.body]);
  expect(await control.get(`/accounts/${BEN}/code`)).toEqual({ status: 200, body: null });
  expect((await control.post("/accounts", { phone: BEN })).status).toBe(409);
  expect((await control.get("/accounts/490000000")).status).toBe(404);
  const wrong = await control.post("/accounts", { phone: "abc", nonsense: 1 });
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: { code: "bad-request", message: expect.stringContaining("phone") } },
  });
  expect((await control.get("/nothing")).status).toBe(404);
});

test("the code that was sent can be read, and typing it into the bot's chat cancels it", async () => {
  await using control = await startControl();
  await control.post("/accounts", { phone: BEN, firstName: "Ben" });
  await using telegram = await client(control);
  await telegram.sendCode({ apiId: 1, apiHash: "x" }, BEN);
  const { body: code } = await control.get(`/accounts/${BEN}/code`);
  expect(code).toMatchObject({ code: expect.stringMatching(/^\d{5}$/), state: "valid" });
  expect((await control.get("/connections")).body).toMatchObject([{ dc: 2 }]);
  expect((await control.get("/counters")).body.mtproto).toMatchObject({ "auth.sendCode": 1 });
  await control.post("/chat/text", { text: `my code is ${code.code}, thanks` });
  expect((await control.get(`/accounts/${BEN}/code`)).body.state).toBe("cancelled");
});

test("a code in a message of the bot is cancelled too", async () => {
  await using control = await startControl();
  await control.post("/accounts", { phone: BEN });
  await control.post("/chat/start");
  await using telegram = await client(control);
  await telegram.sendCode({ apiId: 1, apiHash: "x" }, BEN);
  const { body: code } = await control.get(`/accounts/${BEN}/code`);
  await control.bot("sendMessage", { chat_id: 777, text: `Got ${code.code}` });
  expect((await control.get(`/accounts/${BEN}/code`)).body.state).toBe("cancelled");
});

test("an account scans a QR login, and the session can be ended", async () => {
  await using control = await startControl();
  await control.post("/accounts", { phone: BEN });
  await using telegram = await client(control);
  const wanted = new Api.auth.ExportLoginToken({ apiId: 1, apiHash: "x", exceptIds: [] });
  await telegram.invoke(wanted);
  const { body: waiting } = await control.get("/qr");
  expect(waiting).toHaveLength(1);
  expect((await control.post(`/accounts/${BEN}/qr`, { token: "AAAA" })).status).toBe(400);
  expect(
    (await control.post(`/accounts/${BEN}/qr`, { token: `tg://login?token=${waiting[0].token}` }))
      .body,
  ).toEqual({
    ok: true,
  });
  expect((await telegram.invoke(wanted)).className).toBe("auth.LoginTokenSuccess");
  const { body: sessions } = await control.get(`/accounts/${BEN}/sessions`);
  expect(sessions).toHaveLength(1);
  const ended = await fetch(
    `${control.sandbox.url}/control/accounts/${BEN}/sessions/${sessions[0].keyId}`,
    {
      method: "DELETE",
    },
  );
  expect(await ended.json()).toEqual({ ok: true });
  expect((await control.get(`/accounts/${BEN}/sessions`)).body).toEqual([]);
});

test("channels and private messages", async () => {
  await using control = await startControl();
  for (const phone of [BEN, CLEO]) await control.post("/accounts", { phone });
  const { body: channel } = await control.post("/channels", {
    title: "News",
    members: [BEN, CLEO],
  });
  const { body: post } = await control.post(`/channels/${channel.id}/messages`, {
    text: "hello all",
  });
  expect((await control.get(`/accounts/${CLEO}/history?chat=${channel.id}`)).body).toContainEqual(
    expect.objectContaining({ id: post.id, text: "hello all" }),
  );
  await control.post("/messages", { from: BEN, to: CLEO, text: "psst" });
  expect((await control.get(`/accounts/${CLEO}/history?chat=${BEN}`)).body).toMatchObject([
    { text: "psst", out: false },
  ]);
  expect((await control.post("/channels/1/messages", { text: "x" })).status).toBe(404);
});

test("faults of the MTProto side reach live connections", async () => {
  await using control = await startControl();
  const socket = connect(control.sandbox.mtproto.port, "127.0.0.1").on("error", () => {});
  onTestFinished(() => void socket.destroy());
  await until("the connection shows", () => control.sandbox.world.connections().length === 1);
  const { body } = await control.post("/faults/drop", { dc: 2, how: "rst" });
  expect(body).toEqual({ ok: true, dropped: 1, said: "Reset 1 connection" });
  await until("the close is in the log", () =>
    control.sandbox.world.connectionLog().some(({ event }) => event === "closed"),
  );
  await control.post("/faults/fail", {
    method: "help.getConfig",
    code: 420,
    text: "FLOOD_WAIT_3",
    times: 1,
  });
  await control.post("/faults/refuse", { dc: 4 });
  await control.post("/faults/silence", { dc: 4 });
  await control.post("/faults/delay", { delayMs: 0 });
  expect((await control.post("/faults/restart-dc", { dc: 4, downMs: 1 })).body).toMatchObject({
    ok: true,
  });
  await control.post("/accounts", { phone: BEN, firstName: "Ben" });
  const { id: channel } = (await control.post("/channels", { title: "News", members: [BEN] })).body;
  for (const mode of ["unreadable", "garbled", "stuck", "refused"])
    expect((await control.post("/faults/differences", { phone: BEN, mode, channel })).status).toBe(
      200,
    );
  expect((await control.post("/faults/differences", { phone: BEN, mode: "vague" })).status).toBe(
    400,
  );
  expect((await control.post("/faults/heal")).body).toMatchObject({ ok: true });
  expect((await control.post("/faults/drop", { how: "gently" })).status).toBe(400);
});

test("the log of faults says what came of each loss, also after another one and after healing", async () => {
  await using control = await startControl();
  const effects = async (): Promise<(string | null)[]> =>
    (await control.get("/faults/log")).body.map(({ effect }: { effect: string | null }) => effect);
  await control.post("/chat/start");
  expect((await control.post("/faults/lose", { updates: 1 })).body.said).toBe(
    "The next 1 update will be lost",
  );
  await control.post("/chat/text", { text: "lost" });
  expect(await effects()).toEqual(["hit 1 of 1, the last one update"]);
  await control.post("/faults/lose", { updates: 2, callbacks: 1 });
  await control.post("/chat/text", { text: "lost too" });
  await control.post("/faults/heal");
  expect(await effects()).toEqual([
    null,
    "hit 1 of 2, the last one update",
    "has hit nothing yet",
    "hit 1 of 1, the last one update",
  ]);
  await control.post("/chat/text", { text: "arrives" });
  expect((await effects())[1], "healed").toBe("hit 1 of 2, the last one update");
});
