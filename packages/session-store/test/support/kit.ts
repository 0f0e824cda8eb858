import { randomBytes } from "node:crypto";
import { AppError } from "@flotilla/kernel";
import { openSession, type SessionOptions, type SessionStore } from "@flotilla/session-store";

export const FLEET_KEY = Buffer.alloc(32, 7);
export const DC = { id: 2, address: "149.154.167.51", port: 443 };
export const ANN = { id: "7000001", name: "Ann", username: "ann", phone: "15550001" };

/** Opens `<dir>/<name>.session`; the caller closes it. */
export function open(dir: string, name: string, more: Partial<SessionOptions> = {}): SessionStore {
  return openSession({ dir, name, fleetKey: FLEET_KEY, ...more });
}

/** Logs a session in with a key and returns the key. */
export function logIn(store: SessionStore, self = ANN, key: Buffer = randomBytes(256)): Buffer {
  store.beginLogin();
  store.setDc(DC);
  store.setAuthKey(key);
  store.commitLogin(self);
  return key;
}

/** Makes a logged in, closed session and returns its key. */
export function make(
  dir: string,
  name: string,
  self = ANN,
  key: Buffer = randomBytes(256),
): Buffer {
  using store = open(dir, name);
  return logIn(store, self, key);
}

/** The AppError of a call; anything else that is thrown goes through, and no throw is an error. */
export function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Its code. */
export function codeOf(work: () => unknown): string {
  return errorOf(work).code;
}
