import path from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "./check.mjs";
import { runChild } from "./child.mjs";
import { hasOwnRedis } from "./dotenv.mjs";
import { ensureInstalled } from "./install.mjs";
import { childEnv, pickNode } from "./node.mjs";
import { ensureRedis } from "./redis.mjs";
import { explain, say } from "./say.mjs";

/** Root of the checkout that this launcher belongs to. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");

/** Verbs that need a local Redis server. The others must work on a machine without one. */
const NEEDS_REDIS = new Set(["up", "test", "test:world", "check", "bench"]);

/**
 * Installs dependencies, finds Node and Redis, then runs the command: `test`, `check` and `bench`
 * run tools, every other verb goes to the CLI with its arguments unchanged.
 * @param {readonly string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @param {string} [root]
 * @returns {Promise<number>} the exit code
 */
export async function main(argv, env, root = ROOT) {
  try {
    const [verb = "", ...args] = argv;
    const ready = await prepare(verb, env, root);
    if (verb === "check") return await check(ready);
    const program = programOf(verb, args);
    return await runChild([ready.node, path.join(root, program[0] ?? ""), ...program.slice(1)], {
      cwd: workDir(verb, root),
      env: ready.env,
    });
  } catch (error) {
    say(`flotilla: ${explain(error)}`);
    return 1;
  }
}

const VITEST = ["node_modules/vitest/vitest.mjs", "run"];

/**
 * @param {string} verb
 * @param {readonly string[]} args
 * @returns {readonly string[]} a file of the checkout and its arguments
 */
function programOf(verb, args) {
  if (verb === "test") return [...VITEST, "--project=!world", ...args];
  if (verb === "test:world") return [...VITEST, "--project", "world", ...args];
  if (verb === "bench") return ["bench/run.ts", ...args];
  if (verb === "sandbox")
    return [
      "packages/sandbox/src/main.ts",
      "--port",
      "8480",
      "--key-file",
      "data/sandbox-dc.pem",
      ...args,
    ];
  if (verb === "host") return ["apps/supervisor/src/main.ts", ...args];
  return ["apps/cli/src/main.ts", verb, ...args];
}

/**
 * @param {string} verb
 * @param {NodeJS.ProcessEnv} env
 * @param {string} root
 * @returns {Promise<{ root: string, node: string, env: NodeJS.ProcessEnv }>}
 */
async function prepare(verb, env, root) {
  const ownRedis = verb === "up" && hasOwnRedis(root, env);
  // In parallel, because both mostly wait; both to their end, so that none runs on after a failure.
  const [installed, redis] = await Promise.allSettled([
    ensureInstalled({ root, env }),
    NEEDS_REDIS.has(verb) && !ownRedis ? ensureRedis({ root, env }) : undefined,
  ]);
  if (installed.status === "rejected") throw installed.reason;
  if (redis.status === "rejected") throw redis.reason;
  const node = pickNode(root);
  return { root, node, env: childEnv({ root, env, node, redis: redis.value }) };
}

/**
 * The user's folder for verbs that name files, such as `flotilla import session.txt`; else the
 * checkout.
 * @param {string} verb
 * @param {string} root
 */
function workDir(verb, root) {
  if (NEEDS_REDIS.has(verb) || verb === "sandbox" || verb === "host") return root;
  return process.cwd();
}
