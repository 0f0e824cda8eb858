/**
 * What may import what. Arrows go downwards only (docs/ARCHITECTURE.md); a new edge is a decision, made here and said in the commit.
 * `testkit` is in nobody's list: only tests import it.
 */
export const WORKSPACE_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  "packages/kernel": [],
  "packages/contracts": ["kernel"],
  "packages/domain": ["contracts", "kernel"],
  "packages/config": ["kernel"],
  "packages/observability": ["kernel"],
  "packages/sqlite": ["kernel"],
  "packages/session-store": ["kernel", "sqlite"],
  "packages/queue": ["contracts", "kernel"],
  "packages/telegram": ["contracts", "domain", "kernel", "session-store"],
  "packages/sandbox": ["kernel"],
  "packages/testkit": ["kernel"],
  "apps/worker": ["config", "contracts", "domain", "kernel", "observability", "queue", "session-store", "sqlite", "telegram"],
  "apps/supervisor": ["config", "contracts", "domain", "kernel", "observability", "queue", "session-store", "sqlite"],
  "apps/bot": ["config", "contracts", "domain", "kernel", "observability", "queue", "sqlite"],
  "apps/cli": ["config", "contracts", "domain", "kernel", "queue", "sandbox", "session-store", "sqlite", "telegram"],
};

/** Each third-party library and the only places whose sources may import it. Tests may import what their package declares. */
export const VENDOR_OWNERS: Readonly<Record<string, readonly string[]>> = {
  "@fluent/bundle": ["apps/bot"],
  "@grammyjs/auto-retry": ["apps/bot"],
  "@hono/node-server": ["packages/sandbox"],
  "@napi-rs/canvas": ["apps/bot"],
  "better-sqlite3": ["packages/sqlite"],
  "big-integer": ["packages/telegram", "packages/sandbox"],
  bullmq: ["packages/queue"],
  "chart.js": ["apps/bot"],
  "dejavu-fonts-ttf": ["apps/bot"],
  grammy: ["apps/bot"],
  nodemailer: ["apps/bot"],
  qrcode: ["apps/bot"],
  hono: ["packages/sandbox"],
  ioredis: ["packages/queue"],
  pino: ["packages/observability"],
  "prom-client": ["packages/observability"],
  re2js: ["packages/domain"],
  telegram: ["packages/telegram", "packages/sandbox"],
  vitest: ["packages/testkit"],
  yaml: ["apps/cli"],
  zod: ["apps/bot", "packages/config", "packages/contracts", "packages/queue", "packages/sandbox"],
};
