import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type LoginStep, newSealKeyPair, type WorkerCommand } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { openSession, Vault } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test, vi } from "vitest";
import { LoginService } from "../src/login/login-service.ts";

const NOW = 1_800_000_000_000;
const LOGIN = "0123456789abcdef";
const BEGIN = {
  v: 1,
  id: "c1",
  worker: parseWorkerId("news_1"),
  askedBy: { id: "777", name: "Ann" },
  askedAt: NOW,
  deadlineAt: NOW + 1000,
  kind: "login.begin",
  loginId: LOGIN,
} as const satisfies WorkerCommand;

/** A login of an account that only notes when it leaves Telegram and when it comes back. */
async function begun() {
  const [dataDir, fleetKey] = [await testDir(), randomBytes(32)];
  const store = openSession({ dir: join(dataDir, "sessions"), name: "news_1", fleetKey });
  onTestFinished(() => store.close());
  const done: string[] = [];
  const step: LoginStep = { kind: "cancelled" };
  const service = new LoginService({
    store,
    vault: new Vault({ dataDir, fleetKey }),
    account: {
      pauseForLogin: async () => void done.push("leaves"),
      start: () => void done.push("is back"),
    },
    options: {
      server: { kind: "custom", host: "127.0.0.1", port: 1, publicKeyPem: "" },
      api: { id: 1, hash: "a".repeat(32) },
      identity: { deviceModel: "t", systemVersion: "1", appVersion: "1", langCode: "en" },
      log: () => {},
    },
    clock: { now: () => NOW, monotonicMs: () => NOW },
    foreign: {
      look: async () => ({ step, found: null }),
      adopt: () => step,
      takenElsewhere: async () => null,
    },
    keyChanged: () => {},
    progress: () => {},
  });
  onTestFinished(() => service.close());
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  return { service, done, outcome: await service.perform(BEGIN) };
}

test("a login has 10 min, which it tells; then the account is back with its old session", async () => {
  const { done, outcome } = await begun();
  expect(outcome).toMatchObject({ kind: "login", step: { expiresAt: NOW + 600_000 } });
  await vi.advanceTimersByTimeAsync(599_999);
  expect(done).toEqual(["leaves"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toEqual(["leaves", "is back"]);
});

test("a step of a login that is over is refused", async () => {
  const { service } = await begun();
  await vi.advanceTimersByTimeAsync(600_000);
  const { publicKey } = newSealKeyPair();
  const { kind: _, ...base } = BEGIN;
  expect(await service.perform({ ...base, kind: "login.qr", publicKey })).toMatchObject({
    step: { kind: "refused", reason: "no-login" },
  });
});
