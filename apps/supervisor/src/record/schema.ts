/** Schema of host.db, one script per version. Never change a released one. */
export const MIGRATIONS = [
  `CREATE TABLE worker (
     id TEXT PRIMARY KEY,
     desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped')),
     added_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE past_exit (
     n INTEGER PRIMARY KEY,
     worker TEXT NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     uptime_ms INTEGER NOT NULL,
     class TEXT NOT NULL,
     exit_code INTEGER,
     signal TEXT
   ) STRICT;
   CREATE INDEX past_exit_by_worker ON past_exit (worker, at);`,
  `CREATE TABLE new_worker (
     id TEXT PRIMARY KEY,
     desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped', 'maintenance')),
     added_at INTEGER NOT NULL
   ) STRICT;
   INSERT INTO new_worker SELECT id, desired, added_at FROM worker;
   CREATE TABLE new_exit (
     n INTEGER PRIMARY KEY,
     worker TEXT NOT NULL REFERENCES new_worker (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     uptime_ms INTEGER NOT NULL,
     class TEXT NOT NULL,
     exit_code INTEGER,
     signal TEXT
   ) STRICT;
   INSERT INTO new_exit SELECT n, worker, at, uptime_ms, class, exit_code, signal FROM past_exit;
   DROP TABLE past_exit;
   DROP TABLE worker;
   ALTER TABLE new_worker RENAME TO worker;
   ALTER TABLE new_exit RENAME TO past_exit;
   CREATE INDEX past_exit_by_worker ON past_exit (worker, at);`,
  `CREATE TABLE account_stats (
     worker TEXT PRIMARY KEY REFERENCES worker (id) ON DELETE CASCADE,
     link TEXT NOT NULL
   ) STRICT;
   CREATE TABLE child (
     pid INTEGER PRIMARY KEY,
     worker TEXT NOT NULL,
     start_ticks TEXT NOT NULL,
     boot_id TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE carried_out (
     command TEXT PRIMARY KEY,
     at INTEGER NOT NULL,
     outcome TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE own_rules (
     worker TEXT PRIMARY KEY REFERENCES worker (id) ON DELETE CASCADE,
     rules TEXT NOT NULL
   ) STRICT;`,
  `ALTER TABLE child ADD COLUMN supervisor_pid INTEGER;
   ALTER TABLE child ADD COLUMN supervisor_ticks TEXT;`,
  `CREATE TABLE fleet (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     body TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE kept_event (
     n INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     body TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE loss (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     body TEXT NOT NULL
   ) STRICT;`,
];
