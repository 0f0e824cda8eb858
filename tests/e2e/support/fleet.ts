import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { embeddedRedisUrl, findFleet, fleetPlace, type QueuePlace } from "@flotilla/queue";
import { type SpawnedProcess, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { inject, onTestFinished } from "vitest";

const CLI = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));

/** A real fleet in a folder of the test: launcher, Redis, sandbox, bot, supervisor, workers. */
export interface TestFleet {
  readonly process: SpawnedProcess;
  readonly url: string;
  readonly dataDir: string;
  /** GET of the control API. */
  get<T>(path: string): Promise<T>;
  /** POST of the control API; throws on anything but 2xx. */
  post<T>(path: string, body?: unknown): Promise<T>;
  /** Opens the place of its queues. */
  place(): Promise<QueuePlace>;
}

/** Starts a fleet and waits for its ready line. Ends with the test. */
export async function startFleet(env: Readonly<Record<string, string>> = {}): Promise<TestFleet> {
  return await startFleetIn(await testDir("fleet-"), env);
}

/** Starts the launcher in this folder with this environment. */
export type Launch = (cwd: string, env: Readonly<Record<string, string>>) => SpawnedProcess;

/** Starts a fleet in the folder of an ended one; `launch`: of another checkout. */
export async function startFleetIn(
  dir: string,
  env: Readonly<Record<string, string>> = {},
  launch: Launch = ownLauncher,
): Promise<TestFleet> {
  const running = launchFleet(dir, env, launch);
  await running.waitForOutput(/Flotilla is ready — open http:\S+/, 60_000);
  const url = /open (http:\/\/127\.0\.0\.1:\d+)\//.exec(running.stdout)?.[1] ?? "";
  // The last hook runs first: fleet and folder still exist.
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") await tellWhatHappened(url, `${dir}/data/sandbox/logs`);
  });
  return {
    process: running,
    url,
    dataDir: `${dir}/data/sandbox`,
    get: (path) => call(`${url}/control/${path}`),
    post: (path, body = {}) => call(`${url}/control/${path}`, body),
    place: () => placeOf(`${dir}/data/sandbox`, env),
  };
}

/** Addresses of the health pages of its bot and of its supervisor. */
export function healthsOf({
  process,
}: Pick<TestFleet, "process">): readonly [bot: string, supervisor: string] {
  const [, bot = "", supervisor = ""] =
    /Health: (\S+) \(bot\), (\S+) \(supervisor\)/.exec(process.stdout) ?? [];
  return [bot, supervisor];
}

/**
 * Whether the supervisor has a worker in one of these states (`RUNNING|DEGRADED`), by its metrics.
 */
export async function hasWorker(fleet: TestFleet, states: string): Promise<boolean> {
  const [, supervisor] = healthsOf(fleet);
  const metrics = await fetch(supervisor.replace("healthz", "metrics"), {
    signal: AbortSignal.timeout(2000),
  });
  return new RegExp(`flotilla_workers\\{state="(${states})"[^}]*\\} [1-9]`).test(
    await metrics.text(),
  );
}

/** Waits until an account receives: it does not read posts from before its first update state. */
export async function runsWorker(fleet: TestFleet): Promise<void> {
  await waitFor(() => hasWorker(fleet, "RUNNING"), { timeoutMs: 60_000, what: "a worker to run" });
}

/** Finds the fleet as another program does. */
async function placeOf(
  dataDir: string,
  env: Readonly<Record<string, string>>,
): Promise<QueuePlace> {
  const url = env["REDIS_URL"] ?? embeddedRedisUrl(`${dataDir}/redis`);
  const fleetKey = Buffer.from(
    env["FLEET_KEY"] ?? readFileSync(`${dataDir}/fleet.key`, "utf8").trim(),
    "hex",
  );
  return fleetPlace({
    redis: url,
    fleetKey,
    fleet: await findFleet({ redis: url, fleetKey, known: null, waitMs: 0 }),
  });
}

/** Starts the launcher in a folder and does not wait. Uses free ports unless `env` sets them. */
export function launchFleet(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  launch: Launch = ownLauncher,
): SpawnedProcess {
  const ours = {
    SANDBOX_PORT: "0",
    HTTP_PORT: "0",
    HOST_ID: "host-a",
    RESTART_DELAY_S: "2",
    FLOTILLA_REDIS_SERVER: inject("redisServer"),
  };
  return launch(cwd, { ...ours, ...env });
}

const ownLauncher: Launch = (cwd, env) => spawnNode(CLI, ["up"], { cwd, env });

/** Messages of the chat, and lines of each log, shown after a failed test. */
const LAST = 12;

/** Prints the end of the chat and of every log. The fleet may have ended. */
async function tellWhatHappened(url: string, logs: string): Promise<void> {
  const said: string[] = [];
  try {
    const messages = await call<{ id: number; from: string; text: string; deleted: boolean }[]>(
      `${url}/control/chat/messages`,
    );
    for (const { id, from, text, deleted } of messages.slice(-LAST))
      said.push(`${id} ${from}${deleted ? " (deleted)" : ""}: ${text.replaceAll("\n", " | ")}`);
  } catch (error) {
    said.push(`the chat cannot be read: ${String(error)}`);
  }
  for (const name of existsSync(logs)
    ? readdirSync(logs).filter((each) => each.endsWith(".log"))
    : [])
    said.push(
      `--- ${name}`,
      ...readFileSync(`${logs}/${name}`, "utf8").trim().split("\n").slice(-LAST),
    );
  process.stderr.write(`\n${said.join("\n")}\n`);
}

async function call<T>(url: string, body?: unknown): Promise<T> {
  const init =
    body === undefined
      ? {}
      : {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        };
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
