import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, inject, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY = /Flotilla is ready — open (http:\S+)\//;

/**
 * Creates a checkout in `at`: copies sources, because Node uses the real path of a file; links
 * libraries.
 */
function checkout(at: string): void {
  const filter = (path: string): boolean => !/\/(test|node_modules)$/.test(path);
  for (const part of ["apps", "packages"])
    cpSync(join(ROOT, part), join(at, part), { recursive: true, filter });
  for (const file of ["package.json", "package-lock.json", ".npmrc"])
    cpSync(join(ROOT, file), join(at, file));
  mkdirSync(join(at, "node_modules", "@flotilla"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules")))
    if (name !== "@flotilla")
      symlinkSync(join(ROOT, "node_modules", name), join(at, "node_modules", name));
  for (const part of ["apps", "packages"])
    for (const name of readdirSync(join(at, part)))
      symlinkSync(join(at, part, name), join(at, "node_modules/@flotilla", name));
}

test.for([
  { folder: "Meine Flotte ü", data: "daten" },
  { folder: "флотилия 100%#1?x=y&z", data: "data dir %41 #ü?'\"$(id);`id`" },
])(
  "a checkout in the folder “$folder”, with its data in “$data”, starts, and its workers run",
  async ({ folder, data }) => {
    const at = join(await testDir("odd-"), folder);
    mkdirSync(at);
    checkout(at);
    const env = {
      SANDBOX_PORT: "0",
      HTTP_PORT: "0",
      FLOTILLA_REDIS_SERVER: inject("redisServer"),
      DATA_DIR: join(at, data),
    };
    const fleet = spawnNode(join(at, "apps/cli/launch.mjs"), ["up"], { cwd: at, env });
    await fleet.waitForOutput(READY, 60_000);
    const url = READY.exec(fleet.stdout)?.[1] ?? "";
    const health = /Health: \S+ \(bot\), (\S+) \(supervisor\)/.exec(fleet.stdout)?.[1] ?? "";
    await waitFor(
      async () =>
        (await (await fetch(health.replace("healthz", "metrics"))).text()).match(
          /flotilla_workers\{state="RUNNING"[^}]*\} [1-9]/,
        ),
      {
        what: "the workers to run",
      },
    );
    // A separate program finds the same fleet.
    const status = spawnNode(join(at, "apps/cli/launch.mjs"), ["status", "--json"], {
      cwd: at,
      env: { ...env, NODE_NO_WARNINGS: "1" },
    });
    await status.exited;
    expect(JSON.parse(status.stdout)).toMatchObject({
      workers: [expect.anything(), expect.anything()],
    });
    expect(url).toMatch(/^http:/);
    fleet.kill("SIGTERM");
    expect(await fleet.exited).toEqual({ code: 0, signal: null });
  },
);
