import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { withLock } from "./lock.mjs";
import { say } from "./say.mjs";

/**
 * `redis-tools` contains the server: Debian's redis-server is a link to redis-check-rdb, which acts
 * by its own name. Unpacking it installs nothing, starts no system service and needs no root.
 */
const PACKAGES = ["redis-tools", "libjemalloc2", "liblzf1", "libatomic1"];
const STEP_TIMEOUT_MS = 120_000;

/**
 * Downloads Redis from the machine's package sources and unpacks it into `.cache/redis`. Debian and
 * Ubuntu only.
 * @param {import("./redis.mjs").Place} place
 * @returns {Promise<string | undefined>} why it did not work, or undefined
 */
export async function fetchRedis({ root, env }) {
  if (
    process.platform !== "linux" ||
    !existsSync("/usr/bin/apt-get") ||
    !existsSync("/usr/bin/dpkg-deb")
  )
    return undefined;
  const cache = path.join(root, ".cache");
  try {
    return await withLock(path.join(cache, "redis.lock"), "fetching Redis", async () => {
      if (existsSync(path.join(cache, "redis"))) return undefined;
      say("flotilla: no Redis on this machine, fetching one into .cache/redis …");
      return await fetchInto(path.join(cache, "redis"), env);
    });
  } catch (error) {
    return `fetching it failed: ${/** @type {Error} */ (error).message}`;
  }
}

/**
 * @param {string} target
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
async function fetchInto(target, env) {
  const work = `${target}.new`;
  rmSync(work, { recursive: true, force: true });
  for (const dir of ["lists/partial", "archives/partial", "debs", "tree/bin"])
    mkdirSync(path.join(work, dir), { recursive: true });
  try {
    const apt = [
      "-q",
      "-o",
      `Dir::State::lists=${work}/lists`,
      "-o",
      `Dir::Cache=${work}`,
      "-o",
      "APT::Sandbox::User=root",
    ];
    const debs = path.join(work, "debs");
    // Hooks of `update` may fail without root although the lists exist: only the download decides.
    await run("apt-get", [...apt, "update"], debs, env);
    const download = await run("apt-get", [...apt, "download", ...PACKAGES], debs, env);
    if (download !== undefined) return download;
    for (const deb of readdirSync(debs)) {
      const unpack = await run("dpkg-deb", ["-x", deb, path.join(work, "tree")], debs, env);
      if (unpack !== undefined) return unpack;
    }
    writeWrapper(path.join(work, "tree"));
    renameSync(path.join(work, "tree"), target);
    return undefined;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Writes a start script that finds the libraries beside itself, so that the checkout can be moved.
 * @param {string} tree
 */
function writeWrapper(tree) {
  const link = path.join(tree, "usr", "bin", "redis-server");
  if (!existsSync(link)) symlinkSync("redis-check-rdb", link);
  const libs = readdirSync(path.join(tree, "usr", "lib")).filter((name) =>
    name.includes("-linux-"),
  );
  const libPath = libs.map((name) => `$here/usr/lib/${name}`).join(":");
  const script = [
    "#!/bin/sh",
    'here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)',
    `LD_LIBRARY_PATH="${libPath}" exec "$here/usr/bin/redis-server" "$@"`,
    "",
  ].join("\n");
  const file = path.join(tree, "bin", "redis-server");
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>} the last line of its errors, or undefined when it ended
 * well
 */
function run(command, args, cwd, env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "pipe"],
      timeout: STEP_TIMEOUT_MS,
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors += text;
    });
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => {
      const lines = errors.split("\n").filter((line) => line.startsWith("E:"));
      resolve(code === 0 ? undefined : (lines.at(-1) ?? `${command} ended with code ${code}`));
    });
  });
}
