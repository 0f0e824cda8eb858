import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { say } from "./say.mjs";

const POLL_MS = 100;
/** No install takes this long: a lock this old was left behind by a process that cannot be told from a living one. */
const ABANDONED_MS = 15 * 60_000;

/**
 * Runs `work` while no other launcher of this checkout runs its own.
 * The lock is a directory (mkdir is atomic everywhere) with the holder's pid and start time in it; the lock of a dead holder is taken over, also when
 * another process has its pid now: in a container that was started again every launcher has the same one.
 * @template T
 * @param {string} lockDir
 * @param {string} waitingFor shown once when somebody else holds the lock
 * @param {() => Promise<T>} work
 * @param {number} [pollMs] how often to look whether it is free
 * @returns {Promise<T>}
 */
export async function withLock(lockDir, waitingFor, work, pollMs = POLL_MS) {
  mkdirSync(path.dirname(lockDir), { recursive: true });
  let told = false;
  while (!tryLock(lockDir)) {
    if (!told) say(`flotilla: waiting for another start to finish ${waitingFor} …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  try {
    return await work();
  } finally {
    giveBack(lockDir, identity(process.pid));
  }
}

/**
 * @param {string} lockDir
 * @returns {boolean}
 */
function tryLock(lockDir) {
  // The pid is in the folder before the folder has its name: nobody ever sees a lock without a holder.
  const mine = `${lockDir}.${process.pid}`;
  rmSync(mine, { recursive: true, force: true });
  mkdirSync(mine);
  writeFileSync(path.join(mine, "pid"), identity(process.pid));
  try {
    renameSync(mine, lockDir);
    return true;
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "EPERM") throw error;
  }
  const holder = readHolder(lockDir);
  if (holder !== undefined && (!isHolder(holder.text) || holder.ageMs > ABANDONED_MS)) giveBack(lockDir, holder.text);
  return false;
}

/**
 * Ends the lock of a holder that is dead, or done. It is moved away as a whole first: a folder that is emptied in its place is free
 * for the next launcher before it is gone, and would then be removed with the new lock in it. And it is looked at again, so that of two
 * launchers that see the same dead holder only one ends its lock and none ends a new one.
 * @param {string} lockDir
 * @param {string} holder
 */
function giveBack(lockDir, holder) {
  const stale = `${lockDir}.stale.${process.pid}`;
  try {
    renameSync(lockDir, stale);
  } catch {
    return;
  }
  if (readHolder(stale)?.text !== holder) {
    try {
      renameSync(stale, lockDir);
      return;
    } catch {
      // Somebody took the free place meanwhile; theirs stands.
    }
  }
  rmSync(stale, { recursive: true, force: true });
}

/**
 * @param {string} lockDir
 * @returns {{ text: string, ageMs: number } | undefined}
 */
function readHolder(lockDir) {
  try {
    const file = path.join(lockDir, "pid");
    const text = readFileSync(file, "utf8").trim();
    return /^[1-9]\d*( |$)/.test(text) ? { text, ageMs: Date.now() - statSync(file).mtimeMs } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Pid and start time, which together no other process has; the pid alone where the system does not tell.
 * @param {number} pid
 * @returns {string}
 */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22; the name in brackets may contain anything (proc(5)).
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${pid} ${ticks} ${boot}`;
  } catch {
    return String(pid);
  }
}

/**
 * Whether the process that wrote this is still there. It is never this one: this one looks only while it has no lock.
 * @param {string} text
 * @returns {boolean}
 */
function isHolder(text) {
  const pid = Number(text.split(" ")[0]);
  if (!isAlive(pid)) return false;
  const now = identity(pid);
  // Written by an older launcher, or read where start times are not told.
  if (!text.includes(" ") || !now.includes(" ")) return pid !== process.pid;
  return now === text;
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
