/**
 * Tables of one account's file. Ids and hashes exceed 2^53 and are text; times are milliseconds since the Unix epoch.
 * `auth_key` has two slots: `current` is what the worker uses, `pending` is a login that is not finished yet.
 * `channel_state.id` is the bare channel id, as in the schema of Telegram. `origin` has a row when the key was imported.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE auth_key (
    slot TEXT PRIMARY KEY CHECK (slot IN ('current', 'pending')),
    dc_id INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    fleet_key_id TEXT,
    fingerprint TEXT,
    sealed BLOB,
    CHECK ((sealed IS NULL) = (fingerprint IS NULL)),
    CHECK (slot = 'pending' OR sealed IS NOT NULL)
  ) STRICT;
  CREATE TABLE self (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    username TEXT,
    phone TEXT,
    logged_in_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE entity (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL,
    username TEXT,
    phone TEXT,
    name TEXT,
    seen_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entity_username ON entity (username) WHERE username IS NOT NULL;
  CREATE INDEX entity_phone ON entity (phone) WHERE phone IS NOT NULL;
  CREATE INDEX entity_seen ON entity (seen_at);
  CREATE TABLE update_state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    pts INTEGER NOT NULL,
    qts INTEGER NOT NULL,
    date INTEGER NOT NULL,
    seq INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE channel_state (
    id TEXT PRIMARY KEY,
    pts INTEGER NOT NULL,
    hash TEXT,
    dead INTEGER NOT NULL DEFAULT 0,
    last_msg_id INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE fence (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
  ) STRICT;
  INSERT INTO fence VALUES (1, 0);
  `,
  `
  CREATE TABLE origin (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    format TEXT NOT NULL,
    api_id INTEGER,
    imported_at INTEGER NOT NULL,
    verified_at INTEGER
  ) STRICT;
  `,
];
