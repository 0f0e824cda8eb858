/**
 * Tables of one account's file. Ids and hashes exceed 2^53 and are text; times are milliseconds
 * since the Unix epoch. `auth_key` has two slots: `current` is what the worker uses, `pending` is a
 * login that is not finished yet. `channel_state.id` is the bare channel id, as in the schema of
 * Telegram. `origin` has a row when the key was imported. `update_state.floor` is the date of the
 * first position: a chat that was not known then is ours from there on. `inbox` has one row per
 * message received, edited or deleted: `box` is "account" or a bare channel id (message ids are
 * unique in a box), `chat` a marked id, `version` 0 for a new message and the pts for an edit or a
 * deletion, `content` the JSON of a MessageContent as long as the row is pending.
 * `linked_chat.channel` is null where a group has none. `route_stop.code` is null where an admin
 * let a route go on: its breaker is off for a day. `relay_depth` counts what waits and what was set
 * aside, because a million rows are not counted every two seconds. `source.gaps` is JSON: times
 * between messages, in milliseconds. `relay_map.said` is a digest of what was delivered, `landed`
 * the chat that a target became. `chat_pin` is what a route means by a name. `relay_part` has no
 * row for a part that the target refused, and `target_message` is null where Telegram did not tell
 * the id. `floating` has a row while another host may take the worker over.
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
  `
  ALTER TABLE channel_state DROP COLUMN dead;
  ALTER TABLE channel_state DROP COLUMN last_msg_id;
  CREATE TABLE inbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('new', 'edit', 'delete')),
    box TEXT NOT NULL,
    chat TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    date INTEGER NOT NULL,
    content TEXT,
    received_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'done'))
  ) STRICT;
  CREATE UNIQUE INDEX inbox_once ON inbox (box, message_id, kind, version);
  CREATE INDEX inbox_pending ON inbox (n) WHERE state = 'pending';
  CREATE INDEX inbox_received ON inbox (received_at) WHERE state = 'done';
  CREATE TABLE source (
    chat TEXT PRIMARY KEY,
    last_message_id INTEGER NOT NULL,
    last_message_at INTEGER NOT NULL,
    gaps TEXT NOT NULL,
    closed TEXT
  ) STRICT;
  CREATE TABLE outage (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    recovered INTEGER NOT NULL,
    lost INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE outbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('new', 'edit', 'delete', 'alert')),
    album TEXT,
    sealed INTEGER NOT NULL DEFAULT 0,
    payload TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'poison', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    source_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    done_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX outbox_once ON outbox (lane, key);
  CREATE INDEX outbox_waiting ON outbox (lane, n) WHERE state = 'waiting';
  CREATE INDEX outbox_poison ON outbox (route, n) WHERE state = 'poison';
  CREATE INDEX outbox_done ON outbox (route, done_at) WHERE state = 'done';
  CREATE INDEX outbox_created ON outbox (created_at);
  CREATE TABLE relay_map (
    route TEXT NOT NULL,
    chat TEXT NOT NULL,
    message INTEGER NOT NULL,
    target_chat TEXT NOT NULL,
    target_message INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (route, chat, message)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relay_map_target ON relay_map (target_chat, target_message);
  CREATE INDEX relay_map_at ON relay_map (at);
  CREATE TABLE relay_count (
    route TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (route, name)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE relay_sent (
    key TEXT PRIMARY KEY,
    ids TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relay_sent_at ON relay_sent (at);
  CREATE TABLE relay_routes (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE flood_wait (
    method TEXT NOT NULL,
    peer TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (method, peer)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE flood_note (n INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
  CREATE TABLE send_stop (one INTEGER PRIMARY KEY CHECK (one = 1), reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  `,
  `
  ALTER TABLE update_state ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
  UPDATE update_state SET floor = date;
  `,
  `
  CREATE TABLE route (one INTEGER PRIMARY KEY CHECK (one = 1), fleet_key_id TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
  `,
  `
  ALTER TABLE relay_map ADD COLUMN target_topic INTEGER;
  `,
  `
  ALTER TABLE source ADD COLUMN silences TEXT NOT NULL DEFAULT '[]';
  `,
  `
  CREATE TABLE linked_chat (
    chat TEXT PRIMARY KEY,
    channel TEXT,
    username TEXT,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE route_stop (
    route TEXT PRIMARY KEY,
    code TEXT,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE entity ADD COLUMN protected INTEGER;
  `,
  `
  ALTER TABLE flood_wait ADD COLUMN wait_ms INTEGER;
  ALTER TABLE flood_wait ADD COLUMN boot TEXT;
  ALTER TABLE flood_wait ADD COLUMN up_until INTEGER;
  CREATE INDEX inbox_chat ON inbox (chat, message_id) WHERE kind = 'new';
  CREATE INDEX outbox_album ON outbox (lane, album, kind) WHERE state = 'waiting' AND sealed = 0 AND album IS NOT NULL;
  CREATE INDEX relay_map_message ON relay_map (message, chat);
  DROP INDEX outbox_created;
  CREATE INDEX outbox_over ON outbox (created_at) WHERE state IN ('done', 'dropped');
  CREATE INDEX outbox_route ON outbox (route) WHERE state IN ('waiting', 'poison');
  CREATE TABLE relay_depth (
    route TEXT PRIMARY KEY,
    waiting INTEGER NOT NULL,
    poison INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO relay_depth SELECT route, sum(state = 'waiting'), sum(state = 'poison') FROM outbox
    WHERE state IN ('waiting', 'poison') GROUP BY route;
  CREATE TRIGGER outbox_in AFTER INSERT ON outbox WHEN NEW.state IN ('waiting', 'poison') BEGIN
    INSERT INTO relay_depth VALUES (NEW.route, NEW.state = 'waiting', NEW.state = 'poison')
      ON CONFLICT DO UPDATE SET waiting = waiting + (NEW.state = 'waiting'), poison = poison + (NEW.state = 'poison');
  END;
  CREATE TRIGGER outbox_on AFTER UPDATE OF state ON outbox WHEN OLD.state <> NEW.state BEGIN
    UPDATE relay_depth SET waiting = waiting + (NEW.state = 'waiting') - (OLD.state = 'waiting'),
      poison = poison + (NEW.state = 'poison') - (OLD.state = 'poison') WHERE route = NEW.route;
  END;
  CREATE TRIGGER outbox_out AFTER DELETE ON outbox WHEN OLD.state IN ('waiting', 'poison') BEGIN
    UPDATE relay_depth SET waiting = waiting - (OLD.state = 'waiting'), poison = poison - (OLD.state = 'poison')
      WHERE route = OLD.route;
  END;
  `,
  `
  CREATE TABLE relay_rest (
    route TEXT NOT NULL,
    chat TEXT NOT NULL,
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    target_chat TEXT NOT NULL,
    target_message INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (route, chat, message, part)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relay_rest_target ON relay_rest (target_chat, target_message);
  CREATE INDEX relay_rest_at ON relay_rest (at);
  ALTER TABLE relay_map ADD COLUMN said TEXT;
  ALTER TABLE relay_map ADD COLUMN role TEXT;
  ALTER TABLE relay_map ADD COLUMN landed TEXT;
  CREATE INDEX relay_map_landed ON relay_map (route) WHERE landed IS NOT NULL;
  CREATE TABLE chat_pin (
    route TEXT NOT NULL,
    ref TEXT NOT NULL,
    chat TEXT NOT NULL,
    PRIMARY KEY (route, ref)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE chat_move (chat TEXT PRIMARY KEY, target TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE command (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, outcome TEXT NOT NULL) STRICT;
  CREATE TABLE kept_event (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;
  `,
  `
  CREATE INDEX outbox_group ON outbox (lane, album) WHERE album IS NOT NULL;
  `,
  `
  CREATE TABLE relay_part (
    route TEXT NOT NULL,
    chat TEXT NOT NULL,
    message INTEGER NOT NULL,
    part INTEGER NOT NULL,
    target_chat TEXT NOT NULL,
    target_message INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (route, chat, message, part)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO relay_part SELECT * FROM relay_rest;
  DROP TABLE relay_rest;
  CREATE INDEX relay_part_target ON relay_part (target_chat, target_message);
  CREATE INDEX relay_part_at ON relay_part (at);
  ALTER TABLE relay_map ADD COLUMN form TEXT;
  `,
  `
  CREATE TABLE floating (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT;
  `,
];

/** Number of the last migration of a session file that this version knows. */
export const SESSION_SCHEMA = MIGRATIONS.length;
