/**
 * Shared by the tests of this package: a session file, fast timings, a connection that stops with
 * its test.
 */
import { randomBytes } from "node:crypto";
import { openSession, type SessionStore } from "@flotilla/session-store";
import {
  AccountConnection,
  type AccountOptions,
  type CaughtUp,
  type ConnectionOptions,
  type ConnectionState,
  type ConnectionTimings,
  DEFAULT_TIMINGS,
  type TelegramServer,
} from "@flotilla/telegram";
import { testDir, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";

export const FAST: Partial<ConnectionTimings> = {
  backoff: { delaysMs: [5, 10, 20], jitter: 0 },
  unknownKeyDelaysMs: [5, 10],
  fatalDelaysMs: [5, 10],
};
export const fleetKey = randomBytes(32);

/** Settings of an account, without its store. `lines` collects the log. */
export function account(server: TelegramServer, lines: string[] = []): AccountOptions {
  return {
    server,
    api: { id: 12345, hash: "0123456789abcdef0123456789abcdef" },
    identity: {
      deviceModel: "Flotilla test",
      systemVersion: "1",
      appVersion: "0.1.0",
      langCode: "en",
    },
    log: (level, message, fields) =>
      lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
  };
}

/** A new session in a folder of the running test; closed at its end. */
export async function newStore(dir?: string): Promise<SessionStore> {
  const store = openSession({ dir: dir ?? (await testDir()), name: "w1", fleetKey });
  onTestFinished(() => store.close());
  return store;
}

/** A session that claims to be logged in on a server that never saw it. */
export async function storeWithKey(key: Buffer = randomBytes(256)): Promise<SessionStore> {
  const store = await newStore();
  store.beginLogin();
  store.setDc({ id: 2, address: "", port: 0 });
  store.setAuthKey(key);
  store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
  return store;
}

/** A connection with fast timings, and its events. */
export interface Watched {
  readonly connection: AccountConnection;
  readonly states: ConnectionState[];
  readonly caughtUp: CaughtUp[];
  reached(state: ConnectionState): Promise<unknown>;
}

export function watch(
  options: Omit<ConnectionOptions, "on">,
  on: Partial<ConnectionOptions["on"]> = {},
): Watched {
  const states: ConnectionState[] = [];
  const caughtUp: CaughtUp[] = [];
  const connection = new AccountConnection({
    ...options,
    timings: { ...DEFAULT_TIMINGS, ...FAST, ...options.timings },
    wants: () => true,
    updateTimings: { gapMs: 20, paceMs: 0, retryMs: [5], ...options.updateTimings },
    on: {
      state: ({ to }) => states.push(to),
      caughtUp: (result) => caughtUp.push(result),
      arrived: () => {},
      trouble: () => {},
      ...on,
    },
  });
  onTestFinished(() => connection.stop());
  const reached = (state: ConnectionState): Promise<unknown> =>
    waitFor(() => connection.status().state === state, { what: state });
  return { connection, states, caughtUp, reached };
}
