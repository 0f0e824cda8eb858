import { fileURLToPath } from "node:url";
import { type SpawnedProcess, spawnNode, testDir } from "@flotilla/testkit";
import { inject } from "vitest";

const CLI = fileURLToPath(new URL("../../../apps/cli/src/main.ts", import.meta.url));

/** A whole fleet on the sandbox: launcher, Redis, sandbox, bot, supervisor, workers; all real, all in a folder of the test. */
export interface TestFleet {
  readonly process: SpawnedProcess;
  readonly url: string;
  readonly dataDir: string;
  /** GET of the control API. */
  get<T>(path: string): Promise<T>;
  /** POST of the control API; throws on anything but 2xx. */
  post<T>(path: string, body?: unknown): Promise<T>;
}

/** Starts a fleet and waits for its ready line. Ends with the test. */
export async function startFleet(env: Readonly<Record<string, string>> = {}): Promise<TestFleet> {
  const dir = await testDir("fleet-");
  const running = launchFleet(dir, env);
  await running.waitForOutput(/Flotilla is ready — open http:\S+/, 60_000);
  const url = /open (http:\/\/127\.0\.0\.1:\d+)\//.exec(running.stdout)?.[1] ?? "";
  return {
    process: running,
    url,
    dataDir: `${dir}/data/sandbox`,
    get: (path) => call(`${url}/control/${path}`),
    post: (path, body = {}) => call(`${url}/control/${path}`, body),
  };
}

/** Starts the launcher in a folder without waiting for anything. Ports are free ones unless `env` says otherwise. */
export function launchFleet(cwd: string, env: Readonly<Record<string, string>> = {}): SpawnedProcess {
  const ours = {
    SANDBOX_PORT: "0",
    HTTP_PORT: "0",
    HOST_ID: "host-a",
    RESTART_DELAY_S: "2",
    FLOTILLA_REDIS_SERVER: inject("redisServer"),
  };
  return spawnNode(CLI, ["up"], { cwd, env: { ...ours, ...env } });
}

async function call<T>(url: string, body?: unknown): Promise<T> {
  const init =
    body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
