import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { boundToParent } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { LaunchError, remedyFor, say } from "./say.mjs";

/** Quiet, with devDependencies under any NODE_ENV, few retries without an answer. */
const FLAGS = [
  "--no-audit",
  "--no-fund",
  "--no-progress",
  "--loglevel=http",
  "--include=dev",
  "--include=optional",
  "--fetch-retry-mintimeout=1000",
  "--fetch-retry-maxtimeout=3000",
];

/** Free disk space that an install needs, in MB. Measured: 503 MB, 126 MB of it Node 24. */
const NEEDED_MB = 550;

/** Failed requests without one answer before an install is given up. */
const HOPELESS_AFTER = 20;

/** @typedef {import("./redis.mjs").Place} Place */

/**
 * Installs the dependencies unless node_modules holds what package-lock.json asks for.
 * @param {Place} place
 * @returns {Promise<void>}
 * @throws {LaunchError} with the reason and the remedy in one sentence
 */
export async function ensureInstalled(place) {
  if (isInstalled(place.root)) return;
  assertRoom(place.root);
  await withLock(
    path.join(place.root, ".cache", "install.lock"),
    "installing the dependencies",
    async () => {
      // The launcher that held the lock may have installed them.
      if (isInstalled(place.root)) return;
      say("flotilla: installing the dependencies (once, about 20 s) …");
      await install(place);
      writeFileSync(stampFile(place.root), lockHash(place.root));
    },
  );
}

/**
 * Fails at once where npm would fail after half a minute of retries. npm reports what this misses.
 * @param {string} root
 * @throws {LaunchError} when the checkout cannot be written or the disk is nearly full
 */
function assertRoom(root) {
  accessSync(root, constants.W_OK);
  const { bavail, bsize } = statfsSync(root);
  const freeMb = Math.floor((bavail * bsize) / 1e6);
  if (freeMb < NEEDED_MB && !existsSync(path.join(root, "node_modules"))) {
    throw new LaunchError(
      `The disk is nearly full: the dependencies need about ${NEEDED_MB} MB and ${freeMb} MB are ` +
        "free. Free some space, then start again.",
    );
  }
}

/** @param {Place} place */
async function install(place) {
  const clean = await npm(place, ["ci", ...FLAGS]);
  if (clean.code === 0) return;
  // The lock file lacks packages of this platform, or package.json was edited.
  const result = /code EUSAGE/.test(clean.output)
    ? await npm(place, ["install", "--no-save", ...FLAGS])
    : clean;
  if (result.code !== 0) throw new LaunchError(explainNpm(result.output, result.code));
}

/**
 * True with our own stamp or a matching record of npm: an `npm install` by hand counts too.
 * @param {string} root
 * @returns {boolean}
 */
export function isInstalled(root) {
  if (!existsSync(path.join(root, "node_modules"))) return false;
  try {
    if (readFileSync(stampFile(root), "utf8") === lockHash(root)) return true;
  } catch {
    // Not installed by a launcher.
  }
  const wanted = readPackages(path.join(root, "package-lock.json"));
  const present = readPackages(path.join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined || present === undefined) return false;
  return Object.entries(wanted).every(([name, entry]) => {
    if (!name.startsWith("node_modules/") && !name.includes("/node_modules/")) return true;
    const there = present[name];
    if (there === undefined) return entry.optional === true || entry.devOptional === true;
    return there.version === entry.version;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean, devOptional?: boolean }> |
 * undefined}
 */
function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} root */
function stampFile(root) {
  return path.join(root, "node_modules", ".flotilla-installed");
}

/** @param {string} root */
function lockHash(root) {
  return createHash("sha256")
    .update(readFileSync(path.join(root, "package-lock.json")))
    .digest("hex");
}

/**
 * @param {Place} place
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
function npm({ root, env }, args) {
  const own = env.npm_execpath;
  const command = own && path.basename(own).startsWith("npm") ? [process.execPath, own] : ["npm"];
  const [program, ...rest] = boundToParent([...command, ...args]);
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: root,
      env: { ...env, ...cacheEnv(root, env) },
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
        if (isHopeless(output)) child.kill("SIGTERM");
      });
    }
    child.on("error", (error) => resolve({ code: 1, output: `npm error ${error.message}` }));
    child.on("close", (code, signal) =>
      resolve({
        code: code ?? 1,
        output: signal ? `${output}\nnpm error ended by ${signal}` : output,
      }),
    );
  });
}

/**
 * True when npm's requests failed and none was answered: npm itself would retry for minutes.
 * @param {string} output
 * @returns {boolean}
 */
export function isHopeless(output) {
  if (/http fetch GET [1-4]\d\d /.test(output)) return false;
  return (output.match(/ failed with [A-Z_]+/g)?.length ?? 0) >= HOPELESS_AFTER;
}

/**
 * A writable npm cache: inside the checkout for users without a home.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Record<string, string>}
 */
function cacheEnv(root, env) {
  const cache = env.npm_config_cache ?? path.join(env.HOME ?? "/nonexistent", ".npm");
  try {
    mkdirSync(path.join(cache, "_cacache"), { recursive: true });
    accessSync(path.join(cache, "_cacache"), constants.W_OK);
    return {};
  } catch {
    return { npm_config_cache: path.join(root, ".cache", "npm") };
  }
}

/** Codes of npm when the registry does not answer. */
const NO_REGISTRY = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "ERR_SOCKET_TIMEOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "FETCH_ERROR",
]);

/**
 * @param {string} output
 * @param {number} code
 * @returns {string}
 */
export function explainNpm(output, code) {
  const errors = output
    .split("\n")
    .flatMap((line) => /^npm (?:error|ERR!) ?(.*)$/.exec(line)?.[1]?.trim() ?? []);
  const reason =
    errors.map((line) => /^code (\S+)$/.exec(line)?.[1]).find(Boolean) ??
    / failed with ([A-Z_]+)/.exec(output)?.[1] ??
    "";
  const file = errors.map((line) => /^path (.+)$/.exec(line)?.[1]).find(Boolean);
  const known = remedyFor(reason, file);
  if (known !== undefined) return known;
  if (NO_REGISTRY.has(reason)) {
    return (
      `The npm registry cannot be reached (${reason}). Check the network and the proxy settings ` +
      "of npm, then start again."
    );
  }
  const first =
    errors.find((line) => line !== "" && !/^(code|path|errno|syscall) /.test(line)) ??
    `npm ended with code ${code}`;
  return `Installing the dependencies failed: ${first} Run \`npm ci\` to see npm's full output.`;
}
