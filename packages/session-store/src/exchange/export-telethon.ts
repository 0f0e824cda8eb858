import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { AppError, syncFolder } from "@flotilla/kernel";
import { backupTo, type Database, openDatabase } from "@flotilla/sqlite";
import { linkOrCopy, withPrivateTemp } from "../file/files.ts";
import type { SessionStore } from "../session/store.ts";
import { exportable, type OwnServer, type PlacedKey } from "./export-session.ts";

/** Version 7, as Telethon 1.25 to 1.x makes it (telethon/sessions/sqlite.py). */
const TELETHON_7 = `
  CREATE TABLE version (version INTEGER PRIMARY KEY);
  CREATE TABLE sessions (
    dc_id INTEGER PRIMARY KEY, server_address TEXT, port INTEGER, auth_key BLOB, takeout_id INTEGER
  );
  CREATE TABLE entities (
    id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, username TEXT, phone INTEGER, name TEXT,
    date INTEGER
  );
  CREATE TABLE sent_files (
    md5_digest BLOB, file_size INTEGER, type INTEGER, id INTEGER, hash INTEGER,
    PRIMARY KEY (md5_digest, file_size, type)
  );
  CREATE TABLE update_state (
    id INTEGER PRIMARY KEY, pts INTEGER, qts INTEGER, date INTEGER, seq INTEGER
  );
  INSERT INTO version VALUES (7);`;

/**
 * Writes the session as a new Telethon file, 0600: key, known chats and update positions, so that
 * Telethon continues there. The same care as for {@link exportSession}; it throws the same, and
 * AppError `export-file` when `target` exists or cannot be written. Nothing is left behind then.
 */
export function exportTelethonFile(
  store: SessionStore,
  target: string,
  server: OwnServer | null = null,
): void {
  const placed = exportable(store, server);
  try {
    withPrivateTemp((dir) => {
      const made = join(dir, "made.db");
      using db = openDatabase({
        path: made,
        role: "session",
        migrations: [TELETHON_7],
        exclusive: true,
      });
      db.transaction(() => fill(db, store, placed));
      const copy = join(dir, "telethon.session");
      // Without a journal beside it, and in the journal mode that Telethon makes its own files
      // with.
      backupTo(db, copy);
      linkOrCopy(copy, target);
    }, dirname(target));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof AppError && !cause.code.startsWith("sqlite-")) throw cause;
    const why =
      code === "EEXIST"
        ? "It exists already, and nothing is overwritten."
        : `The system says ${code ?? "no"}.`;
    throw new AppError(
      "export-file",
      `The file ${target} cannot be written. ${why} Nothing was exported.`,
      { cause },
    );
  }
  try {
    syncFolder(dirname(target));
  } catch (cause) {
    rmSync(target, { force: true });
    throw cause;
  }
}

function fill(
  db: Database,
  store: SessionStore,
  { dcId, address, port, authKey }: PlacedKey,
): void {
  db.write("INSERT INTO sessions (dc_id, server_address, port, auth_key) VALUES (?, ?, ?, ?)", [
    dcId,
    address,
    port,
    authKey,
  ]);
  const entity = `INSERT OR REPLACE INTO entities (id, hash, username, phone, name)
    VALUES (CAST(:id AS INTEGER), CAST(:hash AS INTEGER), :username, CAST(:phone AS INTEGER), :name)`;
  for (const { protected: _, ...row } of store.entities.all()) db.write(entity, row);
  // Telethon keeps its own user id as the access hash of entity 0.
  const self = store.self();
  if (self) db.write(entity, { id: "0", hash: self.id, username: null, phone: null, name: null });
  const state =
    "INSERT INTO update_state (id, pts, qts, date, seq) VALUES (CAST(? AS INTEGER), ?, ?, ?, ?)";
  const account = store.updates.account();
  if (!account) return;
  db.write(state, ["0", account.pts, account.qts, account.date, account.seq]);
  for (const { id, pts } of store.updates.channels())
    db.write(state, [id, pts, 0, account.date, 0]);
}
