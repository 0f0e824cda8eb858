import { spawn } from "node:child_process";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { constants } from "node:os";

/** npm, shell and terminal each deliver the same Ctrl+C: signals within this time count as one. */
const SAME_SIGNAL_MS = 1000;
const PARENT_POLL_MS = 500;
/** @type {NodeJS.Signals[]} */
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {NodeJS.ProcessEnv} env
 * @property {number} [sameSignalMs] for tests
 */

/**
 * Runs a program to its end and returns its exit code (a signal counts as 128 + its number).
 * The program has its own session, so signals reach it only from here: SIGINT, SIGTERM and SIGHUP
 * arrive as one SIGTERM ("stop"), a later one as a second SIGTERM ("hurry"). The program also gets
 * SIGTERM when the launcher, or npm above it, is killed.
 * @param {readonly string[]} command
 * @param {RunOptions} options
 * @returns {Promise<number>}
 */
export function runChild(command, { cwd, env, sameSignalMs = SAME_SIGNAL_MS }) {
  const [program, ...args] = boundToParent(command, "TERM");
  const child = spawn(program, args, { cwd, env, stdio: "inherit", detached: true });
  let lastSignalAt = Number.NEGATIVE_INFINITY;
  const stop = () => {
    const now = performance.now();
    if (now - lastSignalAt < sameSignalMs) return;
    lastSignalAt = now;
    child.kill("SIGTERM");
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  // The terminal may close first; writes then fail, which is harmless.
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
 * Puts `setpriv --pdeathsig` before a command where it exists (Linux): the command gets the signal
 * when this process dies for any reason. The pid stays that of the command.
 * @param {readonly string[]} command
 * @param {"TERM" | "KILL"} [signal]
 * @returns {[string, ...string[]]}
 */
export function boundToParent(command, signal = "KILL") {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find(isUtilLinux);
  const [program = "", ...args] = command;
  if (setpriv === undefined) return [program, ...args];
  return [setpriv, "--pdeathsig", signal, program, ...args];
}

/**
 * Under npm, calls `onLost` once npm or its shell is gone: a killed npm does not signal its child.
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
 * The parent of a process. npm is the parent's parent, as it runs scripts in a shell. Linux only.
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
 * False for the `setpriv` of BusyBox, which has no `--pdeathsig` and would fail.
 * @param {string} file
 */
function isUtilLinux(file) {
  try {
    const [found, busybox] = [statSync(file), statSync("/bin/busybox", { throwIfNoEntry: false })];
    return (
      !/busybox/.test(realpathSync(file)) &&
      !(found.dev === busybox?.dev && found.ino === busybox.ino)
    );
  } catch {
    return false;
  }
}
