/** Numbered, immutable migrations of `control.db`. */
export const MIGRATIONS = [
  `CREATE TABLE worker (
     id TEXT PRIMARY KEY,
     host TEXT NOT NULL,
     added_at INTEGER NOT NULL,
     added_by TEXT NOT NULL
   ) STRICT;
   CREATE TABLE admin (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     reachable INTEGER NOT NULL CHECK (reachable IN (0, 1)),
     expecting TEXT
   ) STRICT;
   CREATE TABLE panel (
     chat TEXT PRIMARY KEY,
     message INTEGER NOT NULL,
     screen TEXT NOT NULL,
     shown TEXT NOT NULL
   ) STRICT;
   CREATE TABLE command (
     id TEXT PRIMARY KEY,
     worker TEXT NOT NULL,
     verb TEXT NOT NULL,
     asker_id TEXT NOT NULL,
     asker_name TEXT NOT NULL,
     asked_at INTEGER NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('asked', 'done', 'failed', 'expired', 'unanswered')),
     ended_at INTEGER,
     result TEXT
   ) STRICT;
   CREATE INDEX command_by_worker ON command (worker, asked_at);
   CREATE TABLE wizard (
     admin TEXT PRIMARY KEY,
     worker TEXT NOT NULL UNIQUE,
     login TEXT NOT NULL,
     public_key TEXT,
     step TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE alert (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     worker TEXT NOT NULL,
     kind TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
     opened_at INTEGER NOT NULL,
     resolved_at INTEGER,
     resolved_by TEXT,
     body TEXT NOT NULL,
     revision INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX alert_open ON alert (worker, kind) WHERE state = 'open';
   CREATE TABLE delivery (
     alert INTEGER NOT NULL REFERENCES alert (n),
     admin TEXT NOT NULL,
     message INTEGER,
     revision INTEGER NOT NULL,
     PRIMARY KEY (alert, admin)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE seen_event (
     id TEXT PRIMARY KEY,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // Alerts and live screens keep keys of texts instead of sentences; those of before would say
  // nothing any more.
  `ALTER TABLE admin ADD COLUMN language TEXT;
   DELETE FROM delivery;
   DELETE FROM alert;
   DELETE FROM panel;`,
  `CREATE TABLE route (
     id TEXT PRIMARY KEY,
     reader TEXT NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE route_reader (
     worker TEXT PRIMARY KEY,
     version INTEGER NOT NULL,
     told INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE relayed (
     key TEXT PRIMARY KEY,
     ids TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX relayed_at ON relayed (at);`,
  // Alerts are told on cards: several of one cause share one, and each card has its way through the
  // chats.
  `DROP TABLE delivery;
   DROP TABLE alert;
   CREATE TABLE card (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     group_key TEXT NOT NULL,
     opened_at INTEGER NOT NULL,
     told_at INTEGER NOT NULL,
     resolved_at INTEGER,
     taken_by TEXT,
     taken_at INTEGER,
     muted_until INTEGER,
     level INTEGER NOT NULL CHECK (level IN (0, 1, 2)),
     second_path_at INTEGER,
     calm INTEGER NOT NULL CHECK (calm IN (0, 1)),
     telling INTEGER NOT NULL,
     revision INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE alert (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     subject TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
     opened_at INTEGER NOT NULL,
     ready_at INTEGER NOT NULL,
     resolved_at INTEGER,
     resolved_by TEXT,
     body TEXT NOT NULL,
     card INTEGER REFERENCES card (n),
     dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped IN (0, 1))
   ) STRICT;
   CREATE UNIQUE INDEX alert_open ON alert (subject) WHERE state = 'open';
   CREATE INDEX alert_by_card ON alert (card);
   CREATE TABLE delivery (
     card INTEGER NOT NULL REFERENCES card (n),
     chat TEXT NOT NULL,
     message INTEGER NOT NULL,
     telling INTEGER NOT NULL,
     revision INTEGER NOT NULL,
     digest INTEGER NOT NULL CHECK (digest IN (0, 1)),
     ended INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
     PRIMARY KEY (card, chat)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX delivery_by_message ON delivery (chat, message);
   CREATE TABLE sent (
     n INTEGER PRIMARY KEY,
     chat TEXT NOT NULL,
     at INTEGER NOT NULL,
     delivered INTEGER NOT NULL CHECK (delivered IN (0, 1))
   ) STRICT;
   CREATE INDEX sent_by_time ON sent (at);
   CREATE TABLE sending (
     chat TEXT NOT NULL,
     purpose TEXT NOT NULL,
     after_message INTEGER NOT NULL,
     PRIMARY KEY (chat, purpose)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE newest_message (
     chat TEXT PRIMARY KEY,
     message INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE silence (
     scope TEXT PRIMARY KEY,
     kind TEXT NOT NULL CHECK (kind IN ('mute', 'maintenance')),
     since INTEGER NOT NULL,
     until INTEGER NOT NULL,
     by_name TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE setting (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE inbox (
     update_id INTEGER PRIMARY KEY,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE place (
     chat TEXT PRIMARY KEY,
     title TEXT NOT NULL,
     language TEXT NOT NULL,
     reachable INTEGER NOT NULL CHECK (reachable IN (0, 1))
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE invite (
     token TEXT PRIMARY KEY,
     role TEXT NOT NULL,
     by_name TEXT NOT NULL,
     until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE bulk (
     id TEXT PRIMARY KEY,
     action TEXT NOT NULL,
     asker_id TEXT NOT NULL,
     asker_name TEXT NOT NULL,
     asked_at INTEGER NOT NULL,
     total INTEGER NOT NULL,
     cancelled INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
     hosts TEXT NOT NULL
   ) STRICT;
   CREATE TABLE audit (
     n INTEGER PRIMARY KEY,
     at INTEGER NOT NULL,
     by_id TEXT NOT NULL,
     by_name TEXT NOT NULL,
     worker TEXT,
     what TEXT NOT NULL
   ) STRICT;
   ALTER TABLE admin ADD COLUMN role TEXT NOT NULL DEFAULT 'owner' CHECK (role IN ('owner', 'operator', 'viewer'));
   ALTER TABLE admin ADD COLUMN invited INTEGER NOT NULL DEFAULT 0 CHECK (invited IN (0, 1));
   ALTER TABLE admin ADD COLUMN expecting_about TEXT;
   ALTER TABLE worker ADD COLUMN label TEXT;
   ALTER TABLE worker ADD COLUMN tags TEXT NOT NULL DEFAULT '';
   ALTER TABLE command ADD COLUMN code TEXT;`,
  `CREATE TABLE rollup (
     worker TEXT NOT NULL,
     at INTEGER NOT NULL,
     received INTEGER NOT NULL,
     relayed INTEGER NOT NULL,
     up INTEGER NOT NULL,
     wait INTEGER NOT NULL,
     down INTEGER NOT NULL,
     off INTEGER NOT NULL,
     restarts INTEGER NOT NULL,
     waits INTEGER NOT NULL,
     longest_wait INTEGER NOT NULL,
     PRIMARY KEY (worker, at)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX rollup_by_time ON rollup (at);
   CREATE TABLE last_look (
     worker TEXT PRIMARY KEY,
     at INTEGER NOT NULL,
     phase TEXT,
     received INTEGER,
     relayed INTEGER,
     started_at INTEGER,
     wait_until INTEGER
   ) STRICT, WITHOUT ROWID;`,
  // Messages that another one has taken the place of, until they are off the chat.
  `CREATE TABLE old_card (
     chat TEXT NOT NULL,
     message INTEGER NOT NULL,
     PRIMARY KEY (chat, message)
   ) STRICT, WITHOUT ROWID;`,
  // Routes that are being made, one per admin.
  `CREATE TABLE route_draft (
     admin TEXT PRIMARY KEY,
     body TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // Cards that a chat is to hear of and has not: also when the trouble is over before Telegram can
  // be reached.
  `CREATE TABLE owed (
     card INTEGER NOT NULL,
     chat TEXT NOT NULL,
     PRIMARY KEY (card, chat)
   ) STRICT, WITHOUT ROWID;`,
  // Groups that became supergroups, as the Bot API said: what their number is now.
  `CREATE TABLE chat_move (
    chat TEXT PRIMARY KEY,
    target TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  // A message is edited only when what it shows has changed; a card after one of its group has no
  // sound.
  `ALTER TABLE delivery ADD COLUMN shown TEXT;
   ALTER TABLE card ADD COLUMN silent INTEGER NOT NULL DEFAULT 0 CHECK (silent IN (0, 1));`,
  // Whom an act on many is about: a second one for the same workers is answered with who asked
  // already.
  `ALTER TABLE bulk ADD COLUMN workers TEXT NOT NULL DEFAULT '[]';`,
  // The zone in which an admin reads times; null = that of the fleet.
  `ALTER TABLE admin ADD COLUMN zone TEXT;`,
  // What the audit log says of a route's chats already, so that each is written once.
  `CREATE TABLE relay_note (
    route TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (route, note)
  ) STRICT, WITHOUT ROWID;`,
  // A mute and a maintenance window of the same workers, each with its own end.
  `CREATE TABLE silence_of_kind (
     scope TEXT NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('mute', 'maintenance')),
     since INTEGER NOT NULL,
     until INTEGER NOT NULL,
     by_name TEXT NOT NULL,
     PRIMARY KEY (scope, kind)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO silence_of_kind SELECT scope, kind, since, until, by_name FROM silence;
   DROP TABLE silence;
   ALTER TABLE silence_of_kind RENAME TO silence;`,
  // Who made an invitation: it ends when that one is no owner any more.
  `ALTER TABLE invite ADD COLUMN by_id TEXT NOT NULL DEFAULT '';`,
  // What people want to remember of a worker.
  `ALTER TABLE worker ADD COLUMN note TEXT;`,
  // Rolling restarts, which the bot itself is a part of: the next bot carries them on.
  `CREATE TABLE roll (
    id TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    over INTEGER NOT NULL CHECK (over IN (0, 1)),
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  // What the fleet does on schedule, and how each run went.
  `CREATE TABLE schedule (
     id TEXT PRIMARY KEY,
     is_on INTEGER NOT NULL CHECK (is_on IN (0, 1)),
     time TEXT,
     tag TEXT NOT NULL,
     seen INTEGER NOT NULL,
     told TEXT NOT NULL DEFAULT '{}'
   ) STRICT;
   CREATE TABLE schedule_run (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     schedule TEXT NOT NULL,
     slot INTEGER NOT NULL,
     begun_at INTEGER NOT NULL,
     ended_at INTEGER,
     state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'skipped')),
     is_late INTEGER NOT NULL CHECK (is_late IN (0, 1)),
     by_id TEXT NOT NULL,
     by_name TEXT NOT NULL,
     parts TEXT NOT NULL
   ) STRICT;
   CREATE INDEX schedule_run_of ON schedule_run (schedule, n);`,
  // Workers of a host that an owner forgot: no supervisor has them.
  `ALTER TABLE worker ADD COLUMN host_gone INTEGER NOT NULL DEFAULT 0 CHECK (host_gone IN (0, 1));`,
  // Moves of workers between hosts: each step is written down before it is asked for.
  `CREATE TABLE move (
    id TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    over INTEGER NOT NULL CHECK (over IN (0, 1)),
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`,
  // Hosts that take no workers until an owner ends that, and how far each is emptied.
  `CREATE TABLE drain (
    id TEXT PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    over INTEGER NOT NULL CHECK (over IN (0, 1)),
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;`,
];
