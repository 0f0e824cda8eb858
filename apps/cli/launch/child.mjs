import { spawn } from "node:child_process";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { constants } from "node:os";

/** npm, the shell and the terminal each deliver the same Ctrl+C: what follows within this time is not a second wish. */
const SAME_WISH_MS = 1000;
const PARENT_POLL_MS = 500;
/** @type {NodeJS.Signals[]} */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {number} [sameWishMs] for tests
 */

/**
 * Runs a program to its end and returns its exit code (a signal counts as 128 + its number).
 * It has a session of its own, so a signal reaches it once and from here only: SIGINT, SIGTERM and SIGHUP all arrive as SIGTERM
 * ("stop"), a later one again as SIGTERM ("hurry"). When the launcher is killed, or npm above it, the program gets SIGTERM as well.
 * @param {readonly string[]} command
 * @param {RunOptions} options
 * @returns {Promise<number>}
 */
export function runChild(command, { cwd, env, sameWishMs = SAME_WISH_MS }) {
  const [program, ...args] = boundToParent(command, "TERM");
  const child = spawn(program, args, { cwd, env, stdio: "inherit", detached: true });
  let lastWish = Number.NEGATIVE_INFINITY;
  const stop = () => {
    const now = performance.now();
    if (now - lastWish < sameWishMs) return;
    lastWish = now;
    child.kill("SIGTERM");
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  // The terminal may go away before us; what we still write then fails, and that is all right.
  process.stdout.on("error", ignore);
  process.stderr.on("error", ignore);
  const watch = watchAncestors(env, stop);
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearInterval(watch);
      for (const signal of STOP_SIGNALS) process.off(signal, stop);
    };
    child.once("error", (error) => {
      settle();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      settle();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

/**
 * Puts `setpriv --pdeathsig` before a command where that exists (Linux): the command gets the signal when this process dies,
 * however it dies. The pid stays that of the command.
 * @param {readonly string[]} command
 * @param {"TERM" | "KILL"} [signal]
 * @returns {[string, ...string[]]}
 */
export function boundToParent(command, signal = "KILL") {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find(isUtilLinux);
  const [program = "", ...args] = command;
  return setpriv === undefined ? [program, ...args] : [setpriv, "--pdeathsig", signal, program, ...args];
}

/**
 * Under npm, calls `onLost` once npm or its shell is gone: a killed npm tells nobody.
 * @param {NodeJS.ProcessEnv} env
 * @param {() => void} onLost
 * @returns {NodeJS.Timeout | undefined}
 */
function watchAncestors(env, onLost) {
  if (env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const grandparent = parentOf(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && parentOf(parent) === grandparent) return;
    clearInterval(timer);
    onLost();
  }, PARENT_POLL_MS);
  timer.unref();
  return timer;
}

/**
 * npm runs scripts through a shell, so npm itself is the parent's parent. Linux only.
 * @param {number} pid
 * @returns {number | undefined}
 */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function ignore() {}

/**
 * The `setpriv` of BusyBox has no `--pdeathsig`, and would start nothing.
 * @param {string} file
 */
function isUtilLinux(file) {
  try {
    const [found, busybox] = [statSync(file), statSync("/bin/busybox", { throwIfNoEntry: false })];
    return !/busybox/.test(realpathSync(file)) && !(found.dev === busybox?.dev && found.ino === busybox.ino);
  } catch {
    return false;
  }
}
