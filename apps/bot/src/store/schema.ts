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
  // Alerts and live screens keep keys of texts instead of sentences; those of before would say nothing any more.
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
];
