/**
 * Allowed imports between packages, downwards only (docs/ARCHITECTURE.md). A new edge is a
 * decision: make it here and explain it in the commit. No list contains `testkit`: only tests
 * import it.
 */
export const WORKSPACE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "packages/kernel": [],
  "packages/os": ["kernel"],
  "packages/contracts": ["kernel"],
  "packages/relay": ["contracts", "kernel"],
  "packages/config": ["kernel"],
  "packages/observability": ["kernel"],
  "packages/sqlite": ["kernel", "os"],
  "packages/session-store": ["kernel", "os", "sqlite"],
  "packages/archive": ["contracts", "kernel", "session-store", "sqlite"],
  "packages/queue": ["contracts", "kernel", "os"],
  "packages/telegram": ["contracts", "kernel", "session-store"],
  "packages/files": ["contracts", "kernel"],
  "packages/sandbox": ["kernel"],
  "packages/testkit": ["kernel", "os"],
  "apps/worker": [
    "config",
    "contracts",
    "files",
    "kernel",
    "observability",
    "os",
    "queue",
    "relay",
    "session-store",
    "sqlite",
    "telegram",
  ],
  "apps/supervisor": [
    "archive",
    "config",
    "contracts",
    "files",
    "kernel",
    "observability",
    "os",
    "queue",
    "relay",
    "session-store",
    "sqlite",
  ],
  "apps/bot": [
    "archive",
    "config",
    "contracts",
    "files",
    "kernel",
    "observability",
    "os",
    "queue",
    "relay",
    "sqlite",
  ],
  "apps/cli": [
    "archive",
    "config",
    "contracts",
    "kernel",
    "os",
    "queue",
    "relay",
    "sandbox",
    "session-store",
    "sqlite",
    "telegram",
  ],
};

/**
 * The packages whose sources may import each third-party library. Tests may import what their
 * package declares.
 */
export const VENDOR_OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@fluent/bundle": ["apps/bot"],
  "@grammyjs/auto-retry": ["apps/bot"],
  "@hono/node-server": ["packages/sandbox"],
  "@napi-rs/canvas": ["apps/bot"],
  "better-sqlite3": ["packages/sqlite"],
  "big-integer": ["packages/telegram"],
  bullmq: ["packages/queue"],
  "chart.js": ["apps/bot"],
  "dejavu-fonts-ttf": ["apps/bot"],
  grammy: ["apps/bot"],
  nodemailer: ["packages/observability"],
  qrcode: ["apps/bot"],
  hono: ["packages/sandbox"],
  ioredis: ["packages/queue"],
  pino: ["packages/observability"],
  "prom-client": ["packages/observability"],
  re2js: ["packages/relay"],
  telegram: ["packages/telegram", "packages/sandbox"],
  vitest: ["packages/testkit"],
  yaml: ["apps/cli"],
  zod: [
    "apps/bot",
    "packages/archive",
    "packages/config",
    "packages/contracts",
    "packages/queue",
    "packages/sandbox",
  ],
};

/**
 * Sources that may open files by hand near session files, with the reason why no lock is lost:
 * closing any descriptor of a file drops every lock of the process on it
 * (https://www.sqlite.org/howtocorrupt.html, 2.2). All other sources use packages/sqlite.
 */
export const FILE_OPENERS: Readonly<Record<string, string>> = {
  "apps/worker/src/relay/files.ts": "media on their way, in a folder of their own",
  "apps/supervisor/src/worker/log-sink.ts": "logs",
  "apps/supervisor/src/fleet/uses-folder.ts": "/proc",
  "packages/session-store/src/vault/rekey.ts":
    "copies of the vault; a session in use stops it before",
  "packages/session-store/src/vault/travel.ts":
    "copies that travel, in scratch folders; the session itself is opened by openIdle",
  "packages/session-store/src/vault/restore.ts":
    "a copy of the vault into a place that no process has open",
  "packages/session-store/src/file/files.ts": "new files, and folders to sync",
  "packages/session-store/src/file/identity.ts": "notes beside a session",
  "packages/session-store/src/keys/owner/note.ts": "notes beside the machine's locks on keys",
  "packages/session-store/src/exchange/copy.ts": "files of other programs",
  "packages/session-store/src/exchange/folder.ts": "files of other programs",
  "packages/session-store/src/exchange/read.ts": "files of other programs",
  "packages/sqlite/src/connection/backup.ts": "a new file",
  "packages/sqlite/src/connection/copy-running.ts":
    "refuses a file that this process has open; other processes lose no lock by its reads",
  "packages/sqlite/src/base/durable.ts": "folders and finished copies, to sync",
  "packages/sqlite/src/connection/files.ts": "a new file",
  "packages/sqlite/src/connection/machine-lock.ts": "a new file",
  "packages/sqlite/src/inspect/header.ts": "asks first whether this process has it open",
  "packages/sqlite/src/inspect/file-system.ts": "/proc",
  "packages/sqlite/src/holders/holders.ts": "/proc",
  "packages/sqlite/src/holders/lock-table.ts": "/proc",
};

/**
 * Layers of folders in a package, from the lowest to the highest: a folder imports its own layer
 * and those below. A folder that is not named is in the middle layer, with the features.
 */
export const LAYERS: Readonly<Record<string, { readonly below: string; readonly above: string }>> =
  {
    "apps/bot": { below: "kit", above: "app" },
  };
