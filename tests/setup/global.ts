import path from "node:path";
import { startRedis } from "@flotilla/testkit";
import type { TestProject } from "vitest/node";
import { ensureRedis } from "../../apps/cli/launch/redis.mjs";

/** One real Redis for the whole run. Tests get a database of it by `sharedRedis()`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = path.resolve(import.meta.dirname, "../..");
  // The launcher's compile cache: processes of tests start in half the time.
  process.env.NODE_COMPILE_CACHE ??= path.join(root, ".cache", "compile");
  const server = await ensureRedis({ root, env: process.env });
  const redis = await startRedis({ server });
  project.provide("redisServer", server);
  project.provide("redisUrl", redis.url);
  project.provide("updateImages", process.env.UPDATE_IMAGES === "1");
  project.provide("updateGoldens", process.env.UPDATE_GOLDENS === "1");
  project.provide("faults", {
    rounds: Number(process.env.FAULT_ROUNDS ?? 0),
    seed: Number(process.env.FAULT_SEED ?? 1),
    only: process.env.FAULT_ONLY ?? "",
    hangs: process.env.FAULT_HANGS === "1",
    drill: process.env.FAULT_DRILL === "1",
    stories: process.env.FAULT_STORIES === "1",
  });
  project.provide("powerCuts", Number(process.env.POWER_CUTS ?? 0));
  return () => redis.stop();
}
