import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openSession } from "@flotilla/session-store";
import { LoginFlow, workerIdentity } from "@flotilla/telegram";
import { type RedisHarness, spawnNode, startRedis, testDir } from "@flotilla/testkit";
import { onTestFinished } from "vitest";

const SANDBOX = fileURLToPath(import.meta.resolve("@flotilla/sandbox/main"));
const BOT_TOKEN = "700000001:stories-token-not-a-secret-0000000000";
export const FLEET_KEY = "23".repeat(32);
export const ADMINS = { ann: 1001, bob: 1002 } as const;

/** A Telegram of its own, and a folder: its record outlives a restart of Flotilla. */
export interface StoryPlace {
  readonly dir: string;
  /** Of the sandbox. */
  readonly url: string;
  /** What a fleet there is told. */
  readonly env: Readonly<Record<string, string>>;
}

/** A Telegram and a Redis. They end with the test. */
export async function startPlace(
  settings: Readonly<Record<string, string>>,
): Promise<StoryPlace & { readonly redis: RedisHarness }> {
  const redis = await startRedis({ persistence: "aof" });
  onTestFinished(() => redis.stop());
  const { dir, url, env } = await startSandbox();
  mkdirSync(`${dir}/owner`, { mode: 0o700 });
  const own = { FLEET_KEY, REDIS_URL: redis.url, OWNER_DIR: `${dir}/owner` };
  return { dir, redis, url, env: { ...env, ...own, ...settings } };
}

/** A Telegram alone. It ends with the test. */
export async function startSandbox(): Promise<StoryPlace> {
  const dir = await testDir("story-");
  const who = ["--bot-token", BOT_TOKEN, "--admin-id", String(ADMINS.ann), "--admin-name", "Ann"];
  const sandbox = spawnNode(SANDBOX, ["--key-file", `${dir}/dc.pem`, ...who]);
  await sandbox.waitForOutput(/Sandbox is ready: \S+/);
  const said = (name: string): string =>
    new RegExp(`${name}=(\\S+)`).exec(sandbox.stdout)?.[1] ?? "";
  const url = said("BOT_API_ROOT");
  const server = {
    BOT_API_ROOT: url,
    MTPROTO_DC: said("MTPROTO_DC"),
    MTPROTO_DC_KEY: said("MTPROTO_DC_KEY"),
  };
  const api = {
    BOT_TOKEN,
    API_ID: "1",
    API_HASH: "0".repeat(32),
    ADMIN_IDS: Object.values(ADMINS).join(),
  };
  return { dir, url, env: { ...server, ...api } };
}

/**
 * Logs an account of the sandbox in, as the session of a worker. `codeOf`: the code that Telegram
 * sent to a phone.
 */
export async function logIn(
  { dir, env }: StoryPlace,
  {
    name,
    phone,
    codeOf,
  }: {
    readonly name: string;
    readonly phone: string;
    readonly codeOf: (phone: string) => Promise<string>;
  },
): Promise<void> {
  const sessions = `${dir}/data/sessions`;
  mkdirSync(sessions, { recursive: true, mode: 0o700 });
  using store = openSession({ dir: sessions, name, fleetKey: Buffer.from(FLEET_KEY, "hex") });
  const [host = "", port] = (env["MTPROTO_DC"] ?? "").split(":");
  const publicKeyPem = readFileSync(env["MTPROTO_DC_KEY"] ?? "", "utf8");
  const flow = new LoginFlow({
    store,
    server: { kind: "custom", host, port: Number(port), publicKeyPem },
    api: { id: 1, hash: "0".repeat(32) },
    identity: workerIdentity(name),
    log: () => {},
  });
  await flow.sendCode(phone);
  const result = await flow.submitCode(await codeOf(phone));
  if (result.kind !== "done") throw new Error(`${name} could not be logged in: ${result.kind}`);
}
