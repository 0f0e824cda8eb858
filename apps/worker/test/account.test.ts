/**
 * A worker's account on the sandbox: what it reports when messages are lost, chats close or fall
 * silent, and waits are long.
 */
import { randomBytes } from "node:crypto";
import { type LinkStatus, WorkerToSupervisor } from "@flotilla/contracts";
import { systemClock } from "@flotilla/kernel";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { type AccountOptions, FloodGate, LoginFlow } from "@flotilla/telegram";
import { testDir, waitFor } from "@flotilla/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Account, type AccountReport } from "../src/account/account.ts";
import type { Loss } from "../src/account/account-listener.ts";

let sandbox: Sandbox;
let numbers = 0;
beforeAll(async () => {
  sandbox = await startSandbox({ botToken: "1:x", admin: { id: 1, firstName: "Admin" } });
});
afterAll(() => sandbox.close());

interface Rig {
  readonly account: Account;
  readonly store: SessionStore;
  readonly phone: string;
  /** Marked id of the channel that the account reads. */
  readonly chat: string;
  readonly channel: string;
  readonly losses: Loss[];
  readonly last: () => AccountReport;
  state(state: AccountReport["state"]): Promise<void>;
}

/** A logged-in account that reads one channel. */
async function rig(): Promise<Rig> {
  const phone = `1555777${(++numbers).toString().padStart(4, "0")}`;
  const { world } = sandbox;
  world.createAccount({ phone, firstName: "Ann" });
  const owner = `1555778${numbers.toString().padStart(4, "0")}`;
  world.createAccount({ phone: owner, firstName: "Ben" });
  const channel = world.createChannel({
    title: "Signals",
    username: `signals_${numbers}`,
    members: [owner, phone],
  }).id;
  const store = openSession({ dir: await testDir(), name: "w1", fleetKey: randomBytes(32) });
  onTestFinished(() => store.close());
  const { host, port, publicKeyPem } = sandbox.mtproto;
  const options: AccountOptions = {
    server: { kind: "custom", host, port, publicKeyPem },
    api: { id: 12345, hash: "0".repeat(32) },
    identity: {
      deviceModel: "Flotilla w1",
      systemVersion: "1",
      appVersion: "0.1.0",
      langCode: "en",
    },
    log: () => {},
  };
  const login = new LoginFlow({ ...options, store });
  await login.sendCode(phone);
  expect(await login.submitCode(world.latestCode(phone)?.code ?? "")).toMatchObject({
    kind: "done",
  });
  const reports: AccountReport[] = [];
  const losses: Loss[] = [];
  const chat = `-100${channel}`;
  const gate = new FloodGate({
    table: store.flood,
    clock: systemClock,
    onChange: () => account.tell(),
  });
  const account = new Account(store, { ...options, gate }, (report) => reports.push(report), {
    wants: (each) => each === chat,
    sources: () => new Set([chat, "-1000000000009"]),
    arrived: () => {},
    ready: () => {},
    proxy: () => ({ shown: null, own: false, sealTo: "" }),
    lost: (loss) => losses.push(loss),
  });
  onTestFinished(async () => {
    await account.stop();
    world.faults.heal();
  });
  const last = (): AccountReport => reports.at(-1) as AccountReport;
  const state = (wanted: AccountReport["state"]): Promise<void> =>
    waitFor(() => last()?.state === wanted, { what: wanted }).then(() => {
      // Every report must pass the supervisor's parser.
      expect(WorkerToSupervisor.safeParse({ kind: "status", ...last() }).error).toBeUndefined();
    });
  account.start();
  await state("RUNNING");
  return { account, store, phone, chat, channel, losses, last, state };
}

const linkOf = (one: Rig): LinkStatus => one.last().link;

test("a start that missed nothing reports no outage; a reported outage survives the next start", async () => {
  const one = await rig();
  await one.account.reconnect();
  await one.state("RUNNING");
  expect(linkOf(one).outage).toBeNull();
  await one.account.stop();
  for (const text of ["a", "b", "c"]) sandbox.world.postToChannel(one.channel, text);
  one.account.start();
  await waitFor(() => linkOf(one).outage?.missed === 3);
  await one.account.reconnect();
  await one.state("RUNNING");
  expect(linkOf(one).outage).toMatchObject({ missed: 3, recovered: 3, lost: 0 });
  expect(one.losses).toEqual([]);
});

test("the report names an unreadable chat with the reason until it is readable again", async () => {
  const one = await rig();
  const rule = {
    method: "updates.getChannelDifference",
    code: 400,
    text: "CHANNEL_PRIVATE",
    times: 99,
    phone: one.phone,
  };
  await one.account.stop();
  sandbox.world.postToChannel(one.channel, "unseen");
  sandbox.world.faults.failCalls(rule);
  one.account.start();
  await waitFor(() => (linkOf(one).sources?.closed.length ?? 0) > 0);
  expect(linkOf(one).sources).toMatchObject({
    readable: 1,
    closed: [
      { chat: one.chat, title: expect.stringMatching(/^@signals_/), reason: "CHANNEL_PRIVATE" },
    ],
  });
  sandbox.world.faults.heal();
  await one.account.stop();
  sandbox.world.postToChannel(one.channel, "seen again");
  one.account.start();
  await waitFor(() => linkOf(one).sources?.closed.length === 0);
});

test("PEER_FLOOD stops sending and is reported at once; a check does not lift it, an admin does", async () => {
  const one = await rig();
  sandbox.world.faults.failCalls({
    method: "messages.sendMessage",
    code: 400,
    text: "PEER_FLOOD",
    times: 1,
    phone: one.phone,
  });
  const send = () =>
    one.account.calls.send(
      { chat: one.chat, topic: null },
      { text: "x", entities: [], replyTo: null, randomId: "1" },
    );
  await expect(send()).rejects.toThrow();
  await one.state("DEGRADED");
  expect(one.last().fault).toMatchObject({ class: "LIMITED", code: "PEER_FLOOD" });
  await one.account.check();
  expect(linkOf(one).sending?.stopped).toBe("PEER_FLOOD");
  await one.account.reconnect();
  await one.state("DEGRADED");
  expect(one.last().fault).toMatchObject({ class: "LIMITED" });
  one.account.resumeSending();
  await one.state("RUNNING");
  expect(one.last().fault).toBeNull();
});

test.each([
  ["users.getUsers", "readingWait"],
  ["messages.sendMessage", "sending"],
] as const)("a long wait for %s is FLOOD, with the end of the wait", async (method, what) => {
  const one = await rig();
  sandbox.world.faults.failCalls({
    method,
    code: 420,
    text: "FLOOD_WAIT_900",
    times: 1,
    phone: one.phone,
  });
  const call =
    what === "sending"
      ? one.account.calls.send(
          { chat: one.chat, topic: null },
          { text: "x", entities: [], replyTo: null, randomId: "1" },
        )
      : one.account.check();
  await expect(call).rejects.toThrow();
  await one.state("FLOOD");
  const link = linkOf(one);
  const until = what === "sending" ? link.sending?.waitUntil : link.readingWait?.until;
  expect(until).toBeGreaterThan(Date.now() + 800_000);
});
