import { existsSync, rmSync } from "node:fs";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { launchFleet } from "./support/fleet.ts";

test("a fleet without its key file does not start, names the key and creates no new one", async () => {
  const dir = await testDir("lost-key-");
  const first = launchFleet(dir);
  await first.waitForOutput(/Flotilla is ready — open http:\S+/, 60_000);
  first.kill("SIGTERM");
  await first.exited;
  const path = `${dir}/data/sandbox/fleet.key`;
  rmSync(path);
  const again = launchFleet(dir);
  expect((await again.exited).code).toBe(1);
  expect(again.stderr).toMatch(/^The fleet key is gone: .* demo_1 wants the key [0-9a-f]{16}\. /);
  expect(again.stdout).not.toContain("ready");
  expect(existsSync(path)).toBe(false);
});
