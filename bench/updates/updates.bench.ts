import { join } from "node:path";
import { sleep } from "@flotilla/kernel";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { AccountConnection, type AccountOptions, LoginFlow } from "@flotilla/telegram";
import type { Bench, Measured } from "../lib/bench.ts";

const READER = "15550000001";
const FRIEND = "15550000002";

const bench: Bench = {
  summary:
    "messages through the durable inbox of a connected account, and catching up after an outage",
  async run({ quick, dir }) {
    await using stack = new AsyncDisposableStack();
    const sandbox = stack.adopt(
      await startSandbox({ botToken: "1:x", admin: { id: 1, firstName: "Admin" } }),
      (it) => it.close(),
    );
    const store = stack.use(
      openSession({ dir: join(dir, "sessions"), name: "bench", fleetKey: Buffer.alloc(32, 7) }),
    );
    const options = accountOptions(sandbox);
    await logIn(sandbox, store, options);
    const connection = stack.adopt(connect(store, options), (it) => it.stop());
    await until(() => connection.status().state === "ready");
    const live = await measureLive(sandbox, connection, quick ? 500 : 5000);
    const missed = await measureOutage(sandbox, connection, quick ? 1000 : 10_000);
    return [live, ...missed];
  },
};
export default bench;

async function measureLive(
  sandbox: Sandbox,
  connection: AccountConnection,
  n: number,
): Promise<Measured> {
  const before = connection.updateCounts().received;
  const started = performance.now();
  // Sends in bursts of a busy account, so that the sandbox does not run ahead of the socket.
  for (let sent = 0; sent < n; ) {
    for (let burst = 0; burst < 100 && sent < n; burst++)
      sandbox.world.sendPrivate(FRIEND, READER, `message ${++sent}`);
    await until(() => connection.updateCounts().received >= before + sent);
  }
  return line(
    "pushed → inbox, one commit each",
    "1/s",
    (n * 1000) / (performance.now() - started),
    n,
  );
}

async function measureOutage(
  sandbox: Sandbox,
  connection: AccountConnection,
  n: number,
): Promise<Measured[]> {
  await connection.stop();
  for (let sent = 0; sent < n; sent++) sandbox.world.sendPrivate(FRIEND, READER, `missed ${sent}`);
  const started = performance.now();
  connection.start();
  await until(() => connection.status().state === "ready");
  const tookMs = performance.now() - started;
  const { recovered, lost } = connection.status().caughtUp ?? { recovered: 0, lost: n };
  if (recovered !== n || lost !== 0)
    throw new Error(`missed ${n}, recovered ${recovered}, lost ${lost}`);
  return [
    line(`catching up on ${n} missed messages, connecting included`, "ms", tookMs, n),
    line("the same", "1/s", (n * 1000) / tookMs, n),
  ];
}

function line(name: string, unit: string, value: number, n: number): Measured {
  return { name, unit, value: Math.round(value), p50: null, p99: null, n, peer: null, ratio: null };
}

function accountOptions(sandbox: Sandbox): AccountOptions {
  const { host, port, publicKeyPem } = sandbox.mtproto;
  return {
    server: { kind: "custom", host, port, publicKeyPem },
    api: { id: 12345, hash: "0123456789abcdef0123456789abcdef" },
    identity: {
      deviceModel: "Flotilla bench",
      systemVersion: "1",
      appVersion: "0.1.0",
      langCode: "en",
    },
    log: () => {},
  };
}

async function logIn(
  { world }: Sandbox,
  store: SessionStore,
  options: AccountOptions,
): Promise<void> {
  for (const phone of [READER, FRIEND]) world.createAccount({ phone, firstName: "Ann" });
  const login = new LoginFlow({ ...options, store });
  await login.sendCode(READER);
  const result = await login.submitCode(world.latestCode(READER)?.code ?? "");
  if (result.kind !== "done") throw new Error(`the login ended with ${result.kind}`);
}

function connect(store: SessionStore, options: AccountOptions): AccountConnection {
  const on = { state: () => {}, arrived: () => {}, caughtUp: () => {}, trouble: () => {} };
  const connection = new AccountConnection({ ...options, store, wants: () => true, on });
  connection.start();
  return connection;
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await sleep(1);
}
