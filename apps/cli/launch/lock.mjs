import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { say } from "./say.mjs";

const POLL_MS = 100;

/**
 * Runs `work` while no other launcher of this checkout runs its own.
 * The lock is a directory (mkdir is atomic everywhere) with the holder's pid in it; the lock of a dead holder is taken over.
 * @template T
 * @param {string} lockDir
 * @param {string} waitingFor shown once when somebody else holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(lockDir, waitingFor, work) {
  mkdirSync(path.dirname(lockDir), { recursive: true });
  let told = false;
  while (!tryLock(lockDir)) {
    if (!told) say(`flotilla: waiting for another start to finish ${waitingFor} …`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(lockDir, { recursive: true, force: true });
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
  writeFileSync(path.join(mine, "pid"), String(process.pid));
  try {
    renameSync(mine, lockDir);
    return true;
  } catch {
    rmSync(mine, { recursive: true, force: true });
  }
  const holder = readHolder(lockDir);
  if (holder !== undefined && !isAlive(holder)) breakLock(lockDir, holder);
  return false;
}

/**
 * Moves a dead holder's lock away first and looks again, so that of two launchers that see the same dead holder
 * only one breaks its lock and none breaks a new one.
 * @param {string} lockDir
 * @param {number} holder
 */
function breakLock(lockDir, holder) {
  const stale = `${lockDir}.stale.${process.pid}`;
  try {
    renameSync(lockDir, stale);
  } catch {
    return;
  }
  if (readHolder(stale) !== holder) {
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
 * @returns {number | undefined}
 */
function readHolder(lockDir) {
  try {
    const pid = Number(readFileSync(path.join(lockDir, "pid"), "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
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
