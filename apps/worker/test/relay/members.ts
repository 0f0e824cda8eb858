import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import type { QueuePlace } from "@flotilla/queue";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { type AccountOptions, FloodGate, LoginFlow } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { Account } from "../../src/account/account.ts";
import { Relay } from "../../src/relay/relay.ts";
import { relayTelegram } from "../../src/relay/telegram.ts";
import { FLEET_KEY } from "./world.ts";

const FREE = { perMinute: 60_000, burst: 100, perChatMs: 0, perChatMinute: 1000 };

export let sandbox: Sandbox;
let numbers = 0;
beforeAll(async () => {
  sandbox = await startSandbox({ botToken: "1:x", admin: { id: 1, firstName: "Admin" } });
});
afterAll(() => sandbox.close());

/** A worker that relays, with its account. */
export interface Member {
  readonly phone: string;
  readonly store: SessionStore;
  readonly relay: Relay;
}

/** Creates an account; returns its phone number. */
export const person = (): string => {
  const phone = `1555888${(++numbers).toString().padStart(4, "0")}`;
  sandbox.world.createAccount({ phone });
  return phone;
};

/** A worker on the sandbox that relays, as a process would run it. */
export async function worker(
  name: string,
  phone: string,
  place: QueuePlace,
  dir: string,
): Promise<Member> {
  const store = openSession({ dir, name, fleetKey: FLEET_KEY });
  onTestFinished(() => store.close());
  const { host, port, publicKeyPem } = sandbox.mtproto;
  const options: AccountOptions = {
    server: { kind: "custom", host, port, publicKeyPem },
    api: { id: 12345, hash: "0".repeat(32) },
    identity: { deviceModel: name, systemVersion: "1", appVersion: "0.1.0", langCode: "en" },
    log: () => {},
  };
  const login = new LoginFlow({ ...options, store });
  await login.sendCode(phone);
  await login.submitCode(sandbox.world.latestCode(phone)?.code ?? "");
  const gate = new FloodGate({ table: store.flood, clock: systemClock, rate: FREE });
  const states: string[] = [];
  const account = new Account(store, { ...options, gate }, ({ state }) => void states.push(state), {
    wants: (chat) => relay.wants(chat),
    sources: () => new Set(),
    arrived: () => relay.received(),
    ready: () => {},
    proxy: () => ({ shown: null, own: false, sealTo: "" }),
    lost: () => {},
  });
  const log = createLogger({ name: "test", level: "silent" });
  const telegram = relayTelegram(account.calls, store);
  const relay: Relay = new Relay({
    worker: parseWorkerId(name),
    store,
    fleetKey: FLEET_KEY,
    place,
    telegram,
    dataDir: dir,
    filesAt: null,
    clock: systemClock,
    log,
  });
  relay.start();
  account.start();
  onTestFinished(async () => {
    await relay.close();
    await account.stop();
  });
  await waitFor(() => states.at(-1) === "RUNNING");
  return { phone, store, relay };
}
