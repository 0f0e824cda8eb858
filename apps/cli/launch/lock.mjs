import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { say } from "./say.mjs";

const POLL_MS = 100;
/** Age at which a lock of a live holder is taken over: no install takes this long. */
const ABANDONED_MS = 15 * 60_000;

/**
 * Runs `work` while no other launcher of this checkout runs its own. The lock is a directory (mkdir
 * is atomic everywhere) that names the holder's pid and start time. The lock of a dead holder is
 * taken over, also when its pid was reused: in a restarted container every launcher has the same
 * pid.
 * @template T
 * @param {string} lockDir
 * @param {string} waitingFor shown once when another launcher holds the lock
 * @param {() => Promise<T>} work
 * @param {number} [pollMs] milliseconds between two attempts
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
    releaseLock(lockDir, identity(process.pid));
  }
}

/**
 * @param {string} lockDir
 * @returns {boolean}
 */
function tryLock(lockDir) {
  // Writes the pid before the rename, so that a lock always names its holder.
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
  if (holder !== undefined && (!isHolder(holder.text) || holder.ageMs > ABANDONED_MS))
    releaseLock(lockDir, holder.text);
  return false;
}

/**
 * Removes the lock of a dead or finished holder. Renames it first: a folder that is emptied in
 * place is free for the next launcher, whose new lock would be removed with it. Then checks the
 * holder again, so that of two launchers that see the same dead holder only one removes its lock
 * and none a new one.
 * @param {string} lockDir
 * @param {string} holder
 */
function releaseLock(lockDir, holder) {
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
      // Another launcher took the lock meanwhile; its lock stays.
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
    if (/^[1-9]\d*( |$)/.test(text)) return { text, ageMs: Date.now() - statSync(file).mtimeMs };
    return undefined;
  } catch {
    return undefined;
  }
}

/**
 * Pid, start time and boot id, which identify a process; the pid alone without /proc.
 * @param {number} pid
 * @returns {string}
 */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 22; the process name in parentheses may contain any character (proc(5)).
    const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${pid} ${ticks} ${boot}`;
  } catch {
    return String(pid);
  }
}

/**
 * Whether the process that wrote this is alive. Never true of this process, which has no lock yet.
 * @param {string} text
 * @returns {boolean}
 */
function isHolder(text) {
  const pid = Number(text.split(" ")[0]);
  if (!isAlive(pid)) return false;
  const now = identity(pid);
  // Written by an older launcher, or read without /proc: only the pid is known.
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
