import { LoginFlow as Flow, type LoginFlow, type QrToken } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

/** What a QR code contains, after `tg://login?token=`. */
const tokenOf = (token: QrToken): string => token.url.slice("tg://login?token=".length);

async function start(more: { qrLimitMs?: number } = {}) {
  const store = await newStore();
  const login: LoginFlow = new Flow({ ...account(world.server), store, ...more });
  onTestFinished(() => login.cancel());
  const tokens: QrToken[] = [];
  const result = login.startQr((token) => tokens.push(token));
  const first = await waitFor(() => tokens[0]);
  return { store, login, tokens, result, first };
}

test("a scanned code logs in", async () => {
  const phone = world.person();
  const { store, result, first } = await start();
  expect(first.expiresAt).toBeGreaterThan(Date.now());
  world.sandbox.world.acceptQrLogin(phone, tokenOf(first));
  expect(await result).toMatchObject({ kind: "done", self: { phone } });
  expect(store.self()?.phone).toBe(phone);
  await waitFor(() => world.open(phone) === 0);
});

test("an account with 2FA is asked for its password", async () => {
  const phone = world.person({ password: "correct horse", passwordHint: "animal" });
  const { login, result, first } = await start();
  world.sandbox.world.acceptQrLogin(phone, tokenOf(first));
  expect(await result).toEqual({ kind: "password-needed", hint: "animal" });
  expect(await login.submitPassword("correct horse")).toMatchObject({
    kind: "done",
    self: { phone },
  });
});

test("an account at home on another data centre is followed there", async () => {
  const phone = world.person({ dc: 4 });
  const { store, result, first } = await start();
  world.sandbox.world.acceptQrLogin(phone, tokenOf(first));
  expect(await result).toMatchObject({ kind: "done", self: { phone } });
  expect(store.dc()).toMatchObject({ id: 4 });
});

test("a lost connection means a new token, not the end", async () => {
  const phone = world.person();
  const { result, tokens } = await start();
  world.sandbox.world.faults.drop({}, "rst");
  const second = await waitFor(() => tokens[1]);
  world.sandbox.world.acceptQrLogin(phone, tokenOf(second));
  expect(await result).toMatchObject({ kind: "done" });
});

test("without a scan, or after a cancel, nothing is left", async () => {
  const { result: late, store } = await start({ qrLimitMs: 20 });
  expect(await late).toMatchObject({ kind: "refused", reason: "qr-expired", final: false });
  const { result, login } = await start();
  await login.cancel();
  expect(await result).toMatchObject({ kind: "refused", reason: "cancelled" });
  expect(store.hasKey).toBe(false);
});
