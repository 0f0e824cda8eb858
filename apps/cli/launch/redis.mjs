import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fetchRedis } from "./redis-fetch.mjs";
import { LaunchError } from "./say.mjs";

/** Redis 6.2 or newer: BullMQ warns below; streams and leases of the queue package need it. */
const MIN_MAJOR = 6;
const MIN_MINOR = 2;
const SERVER_NAMES = ["redis-server", "valkey-server"];
const USUAL_DIRS = ["/opt/homebrew/bin", "/usr/local/bin", "/usr/bin"];

/**
 * @typedef {object} Place
 * @property {string} root the checkout
 * @property {NodeJS.ProcessEnv} env
 * @property {readonly string[]} [dirs] searched after PATH; default: the usual folders
 */

/**
 * The path of a Redis or Valkey server; fetches one into the checkout's cache when the machine has
 * none.
 * @param {Place} place
 * @returns {Promise<string>}
 * @throws {LaunchError} with the command that installs one here
 */
export async function ensureRedis(place) {
  const found = findRedis(place);
  if (found !== undefined) return found;
  const problem = await fetchRedis(place);
  const fetched = findRedis(place);
  if (fetched !== undefined) return fetched;
  throw new LaunchError(
    "Flotilla needs Redis 6.2 or newer and this machine has " +
      `none${problem === undefined ? "" : ` (${problem})`}. ` +
      `${installHint(place.env)}, or set REDIS_URL in .env to a server you already run, then start again.`,
  );
}

/**
 * Searches FLOTILLA_REDIS_SERVER, PATH, the usual folders and the checkout's cache, in this order.
 * @param {Place} place
 * @returns {string | undefined}
 */
export function findRedis({ root, env, dirs: more = USUAL_DIRS }) {
  const named = env.FLOTILLA_REDIS_SERVER;
  if (named) {
    if (isRecentEnough(named)) return named;
    throw new LaunchError(
      `FLOTILLA_REDIS_SERVER is set to ${named}, which is not a Redis 6.2 or newer. Unset it or correct it.`,
    );
  }
  const dirs = [...(env.PATH ?? "").split(path.delimiter).filter(Boolean), ...more];
  const candidates = dirs.flatMap((dir) => SERVER_NAMES.map((name) => path.join(dir, name)));
  candidates.push(cachedServer(root));
  return candidates.find((file) => existsSync(file) && isRecentEnough(file));
}

/**
 * The path at which {@link fetchRedis} puts its server.
 * @param {string} root
 */
export function cachedServer(root) {
  return path.join(root, ".cache", "redis", "bin", "redis-server");
}

/**
 * @param {string} file
 * @returns {boolean}
 */
function isRecentEnough(file) {
  try {
    const text = execFileSync(file, ["--version"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
    });
    const match = /v=(\d+)\.(\d+)/.exec(text);
    if (!match) return false;
    const major = Number(match[1]);
    const minor = Number(match[2]);
    return major > MIN_MAJOR || (major === MIN_MAJOR && minor >= MIN_MINOR);
  } catch {
    return false;
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
function installHint(env) {
  if (process.platform === "darwin") return "Install it with `brew install redis`";
  if (process.platform === "win32") return "Run Flotilla inside WSL2, where it finds its own";
  const ids = osReleaseIds();
  const command = Object.entries({
    debian: "apt-get install redis-server",
    fedora: "dnf install valkey",
    rhel: "dnf install redis",
    arch: "pacman -S valkey",
    alpine: "apk add redis",
    suse: "zypper install redis",
  }).find(([id]) => ids.some((each) => each.includes(id)))?.[1];
  if (command === undefined) return "Install the package `redis` or `valkey` of your system";
  return `Install it with \`${process.getuid?.() === 0 || !env.PATH ? "" : "sudo "}${command}\``;
}

/** @returns {string[]} */
function osReleaseIds() {
  try {
    const text = readFileSync("/etc/os-release", "utf8");
    return [...text.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) =>
      (match[1] ?? "").split(" "),
    );
  } catch {
    return [];
  }
}
