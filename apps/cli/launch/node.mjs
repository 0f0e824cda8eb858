import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { LaunchError } from "./say.mjs";

/**
 * Whether this Node runs TypeScript without a flag and better-sqlite3 without crashing.
 * @param {string} version such as `v24.21.0`
 * @returns {boolean}
 */
export function runsFlotilla(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/**
 * Node for everything behind the launcher: the running one when it is new enough, else the packaged
 * one.
 * @param {string} root
 * @returns {string} path of the executable
 */
export function pickNode(root) {
  if (runsFlotilla(process.version) && existsSync(process.execPath)) return process.execPath;
  const platform = process.platform === "win32" ? "win" : process.platform;
  const file = path.join(
    root,
    "node_modules",
    `node-${platform}-${process.arch}`,
    "bin",
    platform === "win" ? "node.exe" : "node",
  );
  if (runs(file)) return file;
  throw new LaunchError(
    `Flotilla needs Node 22.18 or newer; this is ${process.version}, and no packaged Node 24 ` +
      `fits ${process.platform}-${process.arch}. ` +
      "Install Node 24 from https://nodejs.org, then start again.",
  );
}

/**
 * @param {string} file
 * @returns {boolean}
 */
function runs(file) {
  try {
    return runsFlotilla(
      execFileSync(file, ["--version"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim(),
    );
  } catch {
    return false;
  }
}

/**
 * The environment of started programs: our tools and Node first in PATH, the Redis that was found,
 * and a compile cache, which halves the start time of every process.
 * @param {{ root: string, env: NodeJS.ProcessEnv, node: string, redis: string | undefined }} parts
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnv({ root, env, node, redis }) {
  const dirs = [path.join(root, "node_modules", ".bin"), path.dirname(node), env.PATH ?? ""].filter(
    Boolean,
  );
  const cache = {
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE ?? path.join(root, ".cache", "compile"),
  };
  return {
    ...env,
    ...cache,
    PATH: dirs.join(path.delimiter),
    ...(redis === undefined ? {} : { FLOTILLA_REDIS_SERVER: redis }),
  };
}
