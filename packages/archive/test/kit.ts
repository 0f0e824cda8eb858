import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type MadeArchive, type MakeOptions, makeArchive } from "@flotilla/archive";
import { AppError, systemClock } from "@flotilla/kernel";
import { openSession, Vault } from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";

export const FLEET_KEY = Buffer.alloc(32, 7);
export const FLEET = { id: "0123456789abcdef", keyId: "fedcba9876543210", from01: false };

export const CONTROL = ["CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"];
const HOST = ["CREATE TABLE fleet (one INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"];

/** A data folder with both databases, workers with a golden copy each, and the small files. */
export function makeDataDir(dataDir: string, workers: readonly string[] = ["ann", "bob"]): void {
  mkdirSync(dataDir, { mode: 0o700, recursive: true });
  writeSetting(dataDir, "fleet", JSON.stringify(FLEET));
  openDatabase({ path: join(dataDir, "host.db"), role: "host", migrations: HOST }).close();
  for (const [n, name] of workers.entries()) makeSession(dataDir, name, n);
  mkdirSync(join(dataDir, "signed"));
  writeFileSync(join(dataDir, "signed", "events"), "");
  writeFileSync(join(dataDir, "audit.jsonl"), '{"at":1}\n');
  writeFileSync(join(dataDir, "fleet.key"), `${FLEET_KEY.toString("hex")}\n`, { mode: 0o600 });
  mkdirSync(join(dataDir, "logs"));
  writeFileSync(join(dataDir, "logs", "ann.log"), "a log");
}

/** Sets a row of control.db, and closes it. */
export function writeSetting(dataDir: string, name: string, value: string): void {
  using db = openDatabase({
    path: join(dataDir, "control.db"),
    role: "control",
    migrations: CONTROL,
  });
  const sql = "INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
  db.write(sql, [name, value]);
}

/** A row of control.db. */
export function readSetting(dataDir: string, name: string): string | undefined {
  using db = openDatabase({
    path: join(dataDir, "control.db"),
    role: "control",
    migrations: CONTROL,
  });
  return db.readOne<{ value: string }>("SELECT value FROM setting WHERE name = ?", [name])?.value;
}

/** A logged-in session that no process has open. */
export function makeSession(
  dataDir: string,
  name: string,
  n: number,
  key: Buffer = randomBytes(256),
): void {
  using store = openSession({ dir: join(dataDir, "sessions"), name, fleetKey: FLEET_KEY });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(key);
  store.commitLogin({ id: String(7_000_000 + n), name, username: name, phone: `155500${n}` });
  const vault = new Vault({ dataDir, fleetKey: FLEET_KEY });
  vault.golden(store);
  vault.backup(store, "manual");
}

/** The present key of a session. */
export function keyOf(dataDir: string, name: string): string | undefined {
  using store = openSession({ dir: join(dataDir, "sessions"), name, fleetKey: FLEET_KEY });
  return store.authKey()?.toString("hex");
}

/** Makes an archive of `<dir>/data` in `<dir>/archives`. */
export async function make(dir: string, more: Partial<MakeOptions> = {}): Promise<MadeArchive> {
  return await makeArchive({
    dataDir: join(dir, "data"),
    folder: join(dir, "archives"),
    fleetKey: FLEET_KEY,
    host: "host-a",
    program: "0.1.0",
    clock: systemClock,
    ...more,
  });
}

/** The AppError that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw error;
}
