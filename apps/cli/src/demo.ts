import { randomUUID } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, loadFleetKey } from "@flotilla/config";
import { AppError, parseWorkerId, systemClock, type WorkerId } from "@flotilla/kernel";
import { CommandSender, findFleet, fleetPlace } from "@flotilla/queue";

/** Accounts of the demo. The user logs the second one in. */
const ACCOUNTS = [
  {
    worker: parseWorkerId("demo_1"),
    phone: "15550100001",
    firstName: "Nora",
    lastName: "News",
    username: "nora_news",
  },
  {
    worker: parseWorkerId("demo_2"),
    phone: "15550100002",
    firstName: "Rick",
    lastName: "Relay",
    username: "rick_relay",
    password: "demo",
    passwordHint: "demo",
  },
] as const;

/** Marker file, written last: an interrupted first start is repeated. */
const SEEDED = "demo-is-set-up";

/**
 * First start on the sandbox: creates two accounts and two workers and logs the first one in with
 * the login code of real accounts. Later starts change nothing. Call before the supervisor opens
 * sessions.
 */
export async function seedDemo(sandboxUrl: string, config: Config): Promise<boolean> {
  if (existsSync(join(config.dataDir, SEEDED))) return false;
  const dir = join(config.dataDir, "sessions");
  for (const { worker: _, ...account } of ACCOUNTS)
    await post(`${sandboxUrl}/control/accounts`, account);
  await logIn(ACCOUNTS[0].worker, ACCOUNTS[0].phone, dir, { sandboxUrl, config });
  return true;
}

/**
 * Sends start commands for the demo's workers to the supervisor; the bot learns of them from
 * events.
 */
export async function startDemoWorkers(config: Config): Promise<void> {
  const redis = config.redis?.reveal() ?? "";
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const fleet = await findFleet({ redis, fleetKey, known: null, waitMs: 0 });
  const sender = new CommandSender(fleetPlace({ redis, fleet, fleetKey }), () => {});
  try {
    await sender.ready();
    const now = systemClock.now();
    for (const { worker } of ACCOUNTS) {
      const askedBy = { id: "0", name: "Flotilla" };
      await sender.toHost(config.hostId, {
        v: 1,
        id: randomUUID(),
        kind: "start",
        worker,
        askedBy,
        askedAt: now,
        deadlineAt: now + 60_000,
      });
    }
    writeFileSync(join(config.dataDir, SEEDED), "", { mode: 0o600 });
  } finally {
    await sender.close();
  }
}

async function logIn(
  worker: WorkerId,
  phone: string,
  dir: string,
  place: { readonly sandboxUrl: string; readonly config: Config },
): Promise<void> {
  // Imported on the first start only: the Telegram library takes 50 MB of memory.
  const [{ openSession }, { LoginFlow, workerIdentity }] = await Promise.all([
    import("@flotilla/session-store"),
    import("@flotilla/telegram"),
  ]);
  const { config, sandboxUrl } = place;
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const owner = { configured: config.ownerDir, host: config.hostId, dataDir: config.dataDir };
  using store = openSession({ dir, name: worker, fleetKey, owner });
  if (store.hasKey) return;
  const flow = new LoginFlow({
    store,
    server: config.mtproto,
    api: { id: config.apiId, hash: config.apiHash.reveal() },
    identity: workerIdentity(worker),
    log: () => {},
  });
  await flow.sendCode(phone);
  const code = (await (await fetch(`${sandboxUrl}/control/accounts/${phone}/code`)).json()) as {
    code: string;
  };
  const result = await flow.submitCode(code.code);
  if (result.kind !== "done")
    throw new AppError("demo-failed", `The demo account could not be logged in (${result.kind}).`);
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok && response.status !== 409)
    throw new AppError("demo-failed", `The sandbox refused ${url} (${response.status}).`);
}
