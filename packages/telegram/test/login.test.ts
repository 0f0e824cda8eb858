import { LoginFlow } from "@flotilla/telegram";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();
const wrong = (code: string): string =>
  code.startsWith("1") ? `2${code.slice(1)}` : `1${code.slice(1)}`;
const calls = (method: string): number => world.sandbox.world.counters()[method] ?? 0;

test("a login by code ends with the account, its key in the file, and no connection", async () => {
  const phone = world.person();
  const store = await newStore();
  const lines: string[] = [];
  const login = world.flow(store, lines);
  expect(await login.submitCode("12345")).toMatchObject({ kind: "refused", reason: "wrong-step" });
  expect(await login.sendCode(`+${phone}`)).toMatchObject({
    kind: "code-sent",
    via: "sms",
    length: 5,
    nextVia: null,
  });
  const code = world.code(phone);
  const done = await login.submitCode(` ${code} `);
  expect(done).toMatchObject({ kind: "done", self: { name: "Ann", phone } });
  expect(store.self()).toMatchObject({ phone });
  expect(store.hasKey).toBe(true);
  expect(store.dc()).toMatchObject({ id: 2 });
  await waitFor(() => world.open(phone) === 0);
  expect(lines.join("\n")).not.toContain(code);
  expect(await login.submitCode(code)).toMatchObject({ kind: "refused", reason: "cancelled" });
});

test("2FA: the hint, a wrong password, the right one, and neither in the log", async () => {
  const phone = world.person({ password: "correct horse", passwordHint: "animal" });
  const lines: string[] = [];
  const login = world.flow(await newStore(), lines);
  await login.sendCode(phone);
  expect(await login.submitCode(world.code(phone))).toEqual({
    kind: "password-needed",
    hint: "animal",
  });
  expect(await login.submitPassword("wrong horse")).toEqual({
    kind: "wrong-password",
    triesLeft: 2,
  });
  expect(await login.submitPassword("correct horse")).toMatchObject({
    kind: "done",
    self: { phone },
  });
  expect(lines.join("\n")).not.toContain("horse");
});

test("three wrong codes, and the server is not asked again until there is a new code", async () => {
  const phone = world.person();
  const login = world.flow(await newStore());
  await login.sendCode(phone);
  const bad = wrong(world.code(phone));
  expect(await login.submitCode(bad)).toEqual({ kind: "wrong-code", triesLeft: 2 });
  expect(await login.submitCode(bad)).toEqual({ kind: "wrong-code", triesLeft: 1 });
  expect(await login.submitCode(bad)).toEqual({ kind: "wrong-code", triesLeft: 0 });
  const before = calls("auth.signIn");
  expect(await login.submitCode(world.code(phone))).toMatchObject({
    kind: "refused",
    reason: "too-many-codes",
    final: false,
  });
  expect(calls("auth.signIn")).toBe(before);
  expect(await login.resendCode()).toMatchObject({ kind: "code-sent" });
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
});

test("an account with another session gets the code there, and by SMS when asked again", async () => {
  const phone = world.person();
  await world.logIn(await newStore(), phone);
  const login = world.flow(await newStore());
  expect(await login.resendCode()).toMatchObject({ kind: "refused", reason: "wrong-step" });
  expect(await login.sendCode(phone)).toMatchObject({
    kind: "code-sent",
    via: "app",
    nextVia: "sms",
  });
  expect(await login.resendCode()).toMatchObject({
    kind: "code-sent",
    via: "sms",
    nextVia: null,
    resendAfterS: null,
  });
  expect(await login.resendCode()).toMatchObject({
    kind: "refused",
    reason: "send-code-unavailable",
    final: false,
  });
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
});

test("a useless code is requested again, also without a next way to send it", async () => {
  const phone = world.person();
  const login = world.flow(await newStore());
  expect(await login.sendCode(phone)).toMatchObject({
    kind: "code-sent",
    via: "sms",
    nextVia: null,
  });
  expect(await login.resendCode()).toMatchObject({
    kind: "refused",
    reason: "send-code-unavailable",
  });
  expect(await login.resendCode({ fresh: true })).toMatchObject({ kind: "code-sent" });
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
});

test("a code that was typed into a chat is dead, and a new one helps", async () => {
  const phone = world.person();
  const login = world.flow(await newStore());
  await login.sendCode(phone);
  const code = world.code(phone);
  expect(world.sandbox.world.noticeText(`my code is ${code}`)).toEqual([phone]);
  expect(await login.submitCode(code)).toEqual({ kind: "code-expired" });
  expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
});

test("an account at home on another data centre is followed there, and stays there", async () => {
  const phone = world.person({ dc: 4 });
  const store = await newStore();
  expect(await world.logIn(store, phone)).toMatchObject({ kind: "done" });
  expect(store.dc()).toEqual({
    id: 4,
    address: "127.0.0.4",
    port: world.sandbox.mtproto.dcPort(4),
  });
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  expect(world.sandbox.world.connections().find((each) => each.phone === phone)).toMatchObject({
    dc: 4,
  });
});

test("cancel keeps the old session, tells the server, and frees the claim", async () => {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const [key, dc] = [store.authKey(), store.dc()];
  const login = world.flow(store);
  await login.sendCode(phone);
  await login.cancel();
  expect(world.sandbox.world.latestCode(phone)?.state).toBe("withdrawn");
  expect([store.authKey(), store.dc()]).toEqual([key, dc]);
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  expect((await connection.check()).phone).toBe(phone);
});

test("a cancel while the fleet is asked about the account keeps the old session", async () => {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const key = store.authKey();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<null>();
  const login = new LoginFlow({
    ...account(world.server),
    store,
    ownerElsewhere: () => {
      asked.resolve();
      return answer.promise;
    },
  });
  await login.sendCode(phone);
  const step = login.submitCode(world.code(phone));
  await asked.promise;
  const cancelled = login.cancel();
  answer.resolve(null);
  await cancelled;
  expect(await step).toMatchObject({ kind: "refused", reason: "cancelled" });
  expect(store.authKey()).toEqual(key);
  await waitFor(() => world.sandbox.world.sessions(phone).length === 1, {
    what: "the server to drop the new authorisation",
  });
});

test("a code belongs to its phone: after a failed request for another one it is not tried", async () => {
  const [phone, other] = [world.person(), world.person()];
  const login = world.flow(await newStore());
  await login.sendCode(phone);
  world.sandbox.world.faults.failCalls({
    method: "auth.sendCode",
    code: 420,
    text: "FLOOD_WAIT_300",
    times: 1,
  });
  expect(await login.sendCode(other)).toMatchObject({ reason: "flood-wait" });
  const before = calls("auth.signIn");
  expect(await login.submitCode(world.code(phone))).toMatchObject({ reason: "wrong-step" });
  expect(calls("auth.signIn")).toBe(before);
});

test("a second login replaces the key only when it is done", async () => {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const before = store.fingerprint();
  await world.logIn(store, phone);
  expect(store.fingerprint()).not.toBe(before);
  expect(world.sandbox.world.sessions(phone)).toHaveLength(2);
});

test("the code survives a connection that breaks between two steps", async () => {
  const phone = world.person();
  const login = world.flow(await newStore());
  await login.sendCode(phone);
  expect(world.sandbox.world.faults.drop({}, "rst")).toBeGreaterThan(0);
  // The client notices the break before the step or during it; it must handle both.
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
});

test("a connection that breaks under the code, after it was taken, does not show", async () => {
  const phone = world.person();
  const login = world.flow(await newStore());
  await login.sendCode(phone);
  // The line breaks while the answer is on its way: the server has logged the key in.
  world.sandbox.world.faults.delay({}, 60_000);
  const step = login.submitCode(world.code(phone));
  await waitFor(() => world.sandbox.world.latestCode(phone)?.state === "used");
  world.sandbox.world.faults.delay({}, 0);
  world.sandbox.world.faults.drop({}, "rst");
  expect(await step).toMatchObject({ kind: "done" });
  expect(world.sandbox.world.sessions(phone)).toHaveLength(1);
});

test(
  "a server that falls silent between two steps costs one try: the step that had its effect " +
    "is found out",
  async () => {
    const phone = world.person();
    const login = new LoginFlow({
      ...account(world.server),
      store: await newStore(),
      timings: { callMs: 2000 },
    });
    onTestFinished(() => login.cancel());
    expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
    world.sandbox.world.faults.silence({});
    expect(await login.submitCode(world.code(phone))).toMatchObject({
      kind: "refused",
      reason: "server",
      final: false,
    });
    world.sandbox.world.faults.heal();
    expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
  },
);

test.each([
  ["auth.sendCode", 420, "FLOOD_WAIT_33", { reason: "flood-wait", waitS: 33, final: false }],
  ["auth.sendCode", 400, "PHONE_NUMBER_BANNED", { reason: "phone-banned", final: true }],
  ["auth.sendCode", 400, "PHONE_NUMBER_FLOOD", { reason: "phone-flood", final: true }],
  ["auth.sendCode", 400, "API_ID_INVALID", { reason: "api-id", final: true }],
  ["auth.sendCode", 406, "UPDATE_APP_TO_LOGIN", { reason: "update-app", final: true }],
  ["auth.sendCode", 500, "RPC_CALL_FAIL", { reason: "server", final: false }],
] as const)("%s answered %i %s", async (method, code, text, expected) => {
  const phone = world.person();
  world.sandbox.world.faults.failCalls({ method, code, text, times: 1 });
  const login = world.flow(await newStore());
  expect(await login.sendCode(phone)).toMatchObject({
    kind: "refused",
    ...expected,
    fault: { code: text },
  });
  if (expected.reason === "server")
    expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
});

test(
  "a flood wait of one number is kept, also by the next login; another number is not " +
    "concerned",
  async () => {
    const [phone, other] = [world.person(), world.person()];
    world.sandbox.world.faults.failCalls({
      method: "auth.sendCode",
      code: 420,
      text: "FLOOD_WAIT_300",
      times: 1,
    });
    const store = await newStore();
    const first = world.flow(store);
    expect(await first.sendCode(phone)).toMatchObject({ reason: "flood-wait", waitS: 300 });
    await first.cancel();
    const calls = world.sandbox.world.counters()["auth.sendCode"];
    const login = world.flow(store);
    const again = await login.sendCode(phone);
    expect(again).toMatchObject({
      kind: "refused",
      reason: "flood-wait",
      final: false,
      fault: { class: "FLOOD" },
    });
    expect(again).toHaveProperty("waitS", expect.closeTo(300, -1));
    expect(world.sandbox.world.counters()["auth.sendCode"]).toBe(calls);
    expect(await login.sendCode(other)).toMatchObject({ kind: "code-sent" });
  },
);

test("no account is made for a phone that has none", async () => {
  const login = world.flow(await newStore());
  expect(await login.sendCode("not a phone")).toMatchObject({
    kind: "refused",
    reason: "phone-invalid",
    final: false,
  });
  const phone = "15559990001";
  const accounts = world.sandbox.world.accounts().length;
  expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
  const result = await login.submitCode(world.code(phone));
  expect(result).toMatchObject({ kind: "refused", reason: "no-account", final: true });
  expect(world.sandbox.world.accounts()).toHaveLength(accounts);
});

test("one login at a time in a session, and a session survives its process", async () => {
  const phone = world.person();
  const dir = await testDir();
  const first = await newStore(dir);
  await world.logIn(first, phone);
  const key = first.authKey();
  first.close();
  const second = await newStore(dir);
  expect(second.authKey()).toEqual(key);
  const { connection, reached } = watch({ ...account(world.server), store: second });
  connection.start();
  await reached("ready");
  expect(connection.status().self?.phone).toBe(phone);
  await expect(world.flow(second).sendCode(phone)).resolves.toMatchObject({
    kind: "refused",
    reason: "other",
    fault: { class: "IN_USE" },
  });
  expect(second.authKey()).toEqual(key);
});
