import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import {
  AppError,
  type HostId,
  parseHostId,
  parseHostPorts,
  parseUserId,
  type RedisAddress,
  type UserId,
} from "@flotilla/kernel";
import { botProxyOf, botProxyProblems } from "./bot-proxy.ts";
import { hasRedis, redisOf } from "./redis.ts";
import { ENV, type EnvName, type EnvValues } from "./schema.ts";
import { Secret, secretOf } from "./secret.ts";

/** The MTProto servers that workers connect to: Telegram's, or one custom server. */
export type MtprotoServer =
  | { readonly kind: "telegram" }
  | {
      readonly kind: "custom";
      readonly host: string;
      readonly port: number;
      readonly publicKeyPem: string;
    };

/** Restart, start and memory settings of a supervisor. Times in milliseconds. */
export interface Supervision {
  readonly crashDelayMs: number;
  readonly crashLimit: number;
  readonly windowMs: number;
  readonly lockedDelaysMs: readonly number[];
  /** Delay between two worker starts while a host starts, in milliseconds. */
  readonly spacingMs: number;
  /**
   * Milliseconds over which the worker asks Telegram again before it reports that the session
   * ended.
   */
  readonly confirmEndMs: number;
  readonly memoryBytes: number;
  /** `several` = no worker connects to Telegram without a lease, also while Redis is away. */
  readonly hosts: "one" | "several";
}

/**
 * Alert channels besides the chat. All values but the e-mail address are secrets: they hold tokens
 * and passwords.
 */
export interface SecondPathConfig {
  readonly webhookUrl: Secret | null;
  readonly smtpUrl: Secret | null;
  readonly mailTo: string | null;
  readonly deadManUrl: Secret | null;
}

/** Backups of the whole data folder. */
export interface BackupConfig {
  /** Absolute path of the folder that gets the archives. */
  readonly dir: string;
  /** Milliseconds from one to the next; null = only by hand. */
  readonly everyMs: number | null;
  /** Number of archives that stay. */
  readonly keep: number;
  /** Shell command that takes each archive elsewhere; null = none. */
  readonly command: Secret | null;
}

/** Typed configuration of a running fleet. It may be logged: secrets print as `[redacted]`. */
export interface Config {
  readonly botToken: Secret;
  readonly apiId: number;
  readonly apiHash: Secret;
  readonly adminIds: readonly UserId[];
  /** Null = Flotilla's own. */
  readonly redis: Secret<RedisAddress> | null;
  /** Absolute path. */
  readonly dataDir: string;
  /** 32 bytes; null = the key file in the data folder. */
  readonly fleetKey: Secret | null;
  readonly hostId: HostId;
  /** Address at which other hosts get files of relays; null = they cannot. */
  readonly hostUrl: string | null;
  /** Where that is served; null = nowhere. `host` null = all addresses of this machine. */
  readonly hostListen: { readonly host: string | null; readonly port: number } | null;
  /** Words that the chat shows beside this host. */
  readonly hostLabels: readonly string[];
  /** Folder of the machine-wide locks on keys; null = the default of the machine. */
  readonly ownerDir: string | null;
  readonly logLevel: LogLevel;
  /**
   * Port of the bot's health page; the supervisor of the same machine uses the next one. 0 = any.
   */
  readonly httpPort: number;
  readonly supervision: Supervision;
  /** Local IP address of outgoing connections; null = the system chooses. */
  readonly localAddress: string | null;
  /** Most messages that one account sends per minute. */
  readonly sendsPerMinute: number;
  readonly backup: BackupConfig;
  /** Milliseconds over which alerts with one cause are collected before they are sent. */
  readonly alertHoldMs: number;
  /** Alert channels besides the chat; null values are off. */
  readonly secondPath: SecondPathConfig;
  /** Null = https://api.telegram.org */
  readonly botApiRoot: string | null;
  readonly mtproto: MtprotoServer;
  /** Proxy of this host's workers; null = direct. */
  readonly telegramProxy: Secret | null;
  /** Proxy of the bot for the Bot API, never an MTProxy; null = direct. */
  readonly botProxy: Secret | null;
}

/** Lowest level that is logged: LOG_LEVEL. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

/**
 * `fleet` = all values; `host` = a supervisor, which needs no value of the bot; `worker` = a worker
 * process, which never sees the bot's token.
 */
export interface ParseOptions {
  readonly cwd: string;
  readonly role: "fleet" | "host" | "worker";
}

/** Variables of the bot: a host of its own needs none of them. */
export const BOT_ONLY: readonly EnvName[] = ["BOT_TOKEN", "ADMIN_IDS", "DEAD_MAN_URL", "BOT_PROXY"];

/** The second path: a host uses it when it hears no bot. */
const SECOND_PATH = [
  "ALERT_WEBHOOK_URL",
  "ALERT_SMTP_URL",
  "ALERT_EMAIL_TO",
] as const satisfies readonly EnvName[];

/** Variables that a worker process does not get. */
export const NOT_FOR_WORKERS: readonly EnvName[] = [...BOT_ONLY, ...SECOND_PATH, "BACKUP_COMMAND"];

/**
 * Checks all values at once. Throws AppError `bad-config` with one line per problem, by name; the
 * message never contains a rejected value.
 */
export function parseConfig(env: EnvValues, options: ParseOptions): Config {
  const problems = [
    ...ruleProblems(env),
    ...missing(env, options.role),
    ...pairProblems(env),
    ...paceProblems(env),
  ];
  if (options.role === "fleet") problems.push(...botProxyProblems(env));
  if (options.role === "host")
    problems.push(...hostProblems(env, resolve(options.cwd, env.DATA_DIR ?? "data")));
  const pem = env.MTPROTO_DC_KEY
    ? readPem(resolve(options.cwd, env.MTPROTO_DC_KEY), problems)
    : null;
  const redis = redisOf(env, options.cwd, problems);
  if (problems.length > 0) throw badConfig(problems);
  return {
    botToken: new Secret(env.BOT_TOKEN ?? ""),
    apiId: Number(env.API_ID),
    apiHash: new Secret(env.API_HASH ?? ""),
    adminIds: [
      ...new Set(
        (env.ADMIN_IDS ?? "")
          .split(",")
          .map((id) => id.trim())
          .filter(Boolean)
          .map(parseUserId),
      ),
    ],
    redis,
    dataDir: resolve(options.cwd, env.DATA_DIR ?? "data"),
    fleetKey: secretOf(env.FLEET_KEY),
    hostId: hostIdOf(env),
    hostUrl: env.HOST_URL ?? null,
    hostListen: listenOf(env),
    hostLabels: (env.HOST_LABELS ?? "").split(",").flatMap((label) => label.trim() || []),
    ownerDir: env.OWNER_DIR ?? null,
    logLevel: parseLogLevel(env),
    httpPort: Number(env.HTTP_PORT ?? ENV.HTTP_PORT.example),
    supervision: supervision(env),
    localAddress: env.LOCAL_ADDRESS ?? null,
    sendsPerMinute: Number(env.SENDS_PER_MINUTE ?? ENV.SENDS_PER_MINUTE.example),
    backup: backupOf(env, options.cwd, resolve(options.cwd, env.DATA_DIR ?? "data")),
    alertHoldMs: Math.round(Number(env.ALERT_HOLD_S ?? ENV.ALERT_HOLD_S.example) * 1000),
    secondPath: {
      webhookUrl: secretOf(env.ALERT_WEBHOOK_URL),
      smtpUrl: secretOf(env.ALERT_SMTP_URL),
      mailTo: env.ALERT_EMAIL_TO ?? null,
      deadManUrl: secretOf(env.DEAD_MAN_URL),
    },
    botApiRoot: env.BOT_API_ROOT ?? null,
    telegramProxy: secretOf(env.TELEGRAM_PROXY),
    botProxy: botProxyOf(env),
    mtproto: pem && env.MTPROTO_DC ? customServer(env.MTPROTO_DC, pem) : { kind: "telegram" },
  };
}

/** HOST_LISTEN, or the port of HOST_URL on all addresses. */
function listenOf(env: EnvValues): Config["hostListen"] {
  if (!env.HOST_URL) return null;
  const [own] = env.HOST_LISTEN ? (parseHostPorts(env.HOST_LISTEN, 0) ?? []) : [];
  return own ?? { host: null, port: Number(new URL(env.HOST_URL).port || HTTP_PORT) };
}

const HTTP_PORT = 80;

function supervision(env: EnvValues): Supervision {
  const value = (name: EnvName): string => env[name] ?? ENV[name].example;
  const ms = (seconds: string): number => Math.round(Number(seconds) * 1000);
  return {
    crashDelayMs: ms(value("RESTART_DELAY_S")),
    crashLimit: Number(value("RESTART_LIMIT")),
    windowMs: ms(value("RESTART_WINDOW_S")),
    lockedDelaysMs: value("LOCK_DELAYS_S").split(",").map(ms),
    spacingMs: ms(value("START_SPACING_S")),
    confirmEndMs: ms(value("CONFIRM_END_S")),
    memoryBytes: Number(value("WORKER_MEMORY_MB")) * 1024 * 1024,
    hosts: value("HOSTS") === "several" ? "several" : "one",
  };
}

/** The settings of backups; relative folders are taken from `cwd`. */
export function backupOf(env: EnvValues, cwd: string, dataDir: string): BackupConfig {
  const hours = Number(env.BACKUP_EVERY_H ?? ENV.BACKUP_EVERY_H.example);
  return {
    dir: env.BACKUP_DIR ? resolve(cwd, env.BACKUP_DIR) : join(dataDir, "backups"),
    everyMs: hours === 0 ? null : hours * 3_600_000,
    keep: Number(env.BACKUP_KEEP ?? ENV.BACKUP_KEEP.example),
    command: secretOf(env.BACKUP_COMMAND),
  };
}

/** The log level, for a process without a full configuration. */
export function parseLogLevel(env: EnvValues): LogLevel {
  return (env.LOG_LEVEL ?? "info") as LogLevel;
}

/** One line per value that breaks its rule; never contains the value. */
export function ruleProblems(env: EnvValues): string[] {
  return (Object.keys(ENV) as EnvName[]).flatMap((name) => {
    const result = ENV[name].schema.safeParse(env[name]);
    if (result.success) return [];
    return [`${name} ${result.error.issues[0]?.message ?? "is not valid"}`];
  });
}

/** Makes the AppError `bad-config` for the given problems, with the remedy. */
export function badConfig(problems: readonly string[]): AppError<"bad-config"> {
  const list = problems.map((problem) => `  - ${problem}`).join("\n");
  return new AppError(
    "bad-config",
    "The configuration has " +
      `${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${list}\nSet the ` +
      "values in .env (see .env.example for where to get each one).",
  );
}

function missing(env: EnvValues, role: ParseOptions["role"]): string[] {
  const names = (Object.keys(ENV) as EnvName[]).filter((name) => ENV[name].required && !env[name]);
  return names
    .filter((name) => role === "fleet" || !BOT_ONLY.includes(name))
    .map((name) => `${name} is not set`);
}

/**
 * Values without defaults on a host of its own: without them it would find no fleet, or make a key
 * that the fleet does not use.
 */
function hostProblems(env: EnvValues, dataDir: string): string[] {
  const hasKey =
    env.FLEET_KEY || ["fleet.key", "sessions"].some((name) => existsSync(join(dataDir, name)));
  const problems: string[] = [];
  if (!hasRedis(env))
    problems.push(
      "REDIS_URL is not set: a host needs the Redis of the fleet, the one that the bot uses",
    );
  if (!hasKey)
    problems.push(
      "FLEET_KEY is not set: a host needs the key of the fleet, the one of the bot's host (its " +
        ".env, or fleet.key in its data folder)",
    );
  return problems;
}

function pairProblems(env: EnvValues): string[] {
  if (env.HOST_LISTEN && !env.HOST_URL) return ["HOST_LISTEN needs HOST_URL as well"];
  if (env.HOST_URL?.startsWith("https:") && !env.HOST_LISTEN)
    return ["HOST_URL=https://… needs HOST_LISTEN as well: where your proxy reaches this host"];
  if (env.ALERT_SMTP_URL && !env.ALERT_EMAIL_TO)
    return ["ALERT_SMTP_URL needs ALERT_EMAIL_TO as well"];
  if (Boolean(env.MTPROTO_DC) === Boolean(env.MTPROTO_DC_KEY)) return [];
  return [
    env.MTPROTO_DC
      ? "MTPROTO_DC needs MTPROTO_DC_KEY as well"
      : "MTPROTO_DC_KEY needs MTPROTO_DC as well",
  ];
}

/**
 * Most messages per minute against Telegram, which limits accounts above it; only a custom server
 * allows more (docs/safety.md).
 */
const MOST_SENDS_PER_MINUTE = 20;

function paceProblems(env: EnvValues): string[] {
  if (env.MTPROTO_DC || Number(env.SENDS_PER_MINUTE ?? 0) <= MOST_SENDS_PER_MINUTE) return [];
  return [`SENDS_PER_MINUTE may be ${MOST_SENDS_PER_MINUTE} at most against Telegram`];
}

function readPem(path: string, problems: string[]): string | null {
  try {
    const pem = readFileSync(path, "utf8");
    if (pem.includes("-----BEGIN RSA PUBLIC KEY-----")) return pem;
    problems.push("MTPROTO_DC_KEY is not a PKCS#1 PEM file (-----BEGIN RSA PUBLIC KEY-----)");
  } catch {
    problems.push("MTPROTO_DC_KEY cannot be read");
  }
  return null;
}

function customServer(address: string, publicKeyPem: string): MtprotoServer {
  const colon = address.lastIndexOf(":");
  // An IPv6 address stands in brackets.
  return {
    kind: "custom",
    host: address.slice(0, colon).replace(/^\[(.+)\]$/, "$1"),
    port: Number(address.slice(colon + 1)),
    publicKeyPem,
  };
}

/**
 * Id of this machine in the fleet: HOST_ID, or derived from its host name. Throws AppError
 * `bad-host-id`.
 */
export function hostIdOf(env: EnvValues): HostId {
  if (env.HOST_ID) return parseHostId(env.HOST_ID);
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "-")
    .slice(0, 27);
  return parseHostId(/^[a-z]/.test(name) ? name : `host-${name || "a"}`);
}
