import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { AppError, cleanPaste } from "@flotilla/kernel";
import { ENV, type EnvName, type EnvValues } from "./schema.ts";

/** Values of this process's environment, by name. Empty strings count as not set. */
export function readProcessEnv(): EnvValues {
  return pick(process.env);
}

/**
 * Values of `<cwd>/.env` and of the process environment, which wins. Ignores a missing file; throws
 * AppError `env-unreadable` with the remedy for a file that it cannot read.
 */
export function readEnv(cwd: string): EnvValues {
  const path = join(cwd, ".env");
  let file = "";
  try {
    file = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    if (code !== "ENOENT") {
      throw new AppError(
        "env-unreadable",
        `The file .env cannot be read (${code}). Make it a text file that this user may read ` +
          "(chmod 600 .env), or remove it to run the sandbox.",
      );
    }
  }
  if (file.includes("\0"))
    throw new AppError(
      "env-unreadable",
      "The file .env is not a text file. Recreate it from .env.example, or remove it to run the sandbox.",
    );
  // Editors on Windows begin a text file with a byte order mark, which would become part of the
  // first name.
  return { ...pick(parseEnv(file.replace(/^\uFEFF/, ""))), ...readProcessEnv() };
}

/** Whether no value of Telegram is set, so that the sandbox is used. */
export function wantsSandbox(env: EnvValues): boolean {
  return !(env.BOT_TOKEN || env.API_ID || env.API_HASH || env.ADMIN_IDS);
}

/**
 * Variables that Flotilla passes on to all its processes without reading them: folders and
 * programs, the time zone, and trusted certificates (field fault C7). Proxy variables are not among
 * them: the proxy is a setting.
 */
export const PASSED_ON: readonly string[] = [
  "PATH",
  "HOME",
  "USER",
  "USERPROFILE",
  "TMPDIR",
  "TEMP",
  "TMP",
  "SystemRoot",
  "LANG",
  "LC_ALL",
  "TZ",
  "NODE_EXTRA_CA_CERTS",
  "NODE_USE_SYSTEM_CA",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_OPTIONS",
  "NODE_COMPILE_CACHE",
];

/** The environment of a child process: {@link PASSED_ON} and `values`, and no other variable. */
export function childEnv(values: EnvValues): Record<string, string> {
  const kept = PASSED_ON.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  );
  const own = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries([...kept, ...own]);
}

/** Path of the Redis server program that the launcher found; null when it found none. */
export function redisProgram(): string | null {
  return process.env.FLOTILLA_REDIS_SERVER || null;
}

/**
 * Paths, and what can hold a password, stay letter by letter; anything else is read without what
 * people copy along with it.
 */
const EXACT: ReadonlySet<EnvName> = new Set([
  "REDIS_URL",
  "REDIS_SENTINEL_PASSWORD",
  "REDIS_PASSWORD",
  "REDIS_TLS_CA",
  "REDIS_TLS_CERT",
  "REDIS_TLS_KEY",
  "DATA_DIR",
  "OWNER_DIR",
  "BACKUP_DIR",
  "BACKUP_COMMAND",
  "ALERT_WEBHOOK_URL",
  "ALERT_SMTP_URL",
  "DEAD_MAN_URL",
  "BOT_PROXY",
  "TELEGRAM_PROXY",
  "MTPROTO_DC_KEY",
]);
/** Invisible marks, and blanks, at both ends. */
const UNSEEN = /^[\p{Default_Ignorable_Code_Point}\s]+|[\p{Default_Ignorable_Code_Point}\s]+$/gu;
/** Words of a list: large letters mean the same. */
const WORDS: ReadonlySet<EnvName> = new Set(["LOG_LEVEL", "HOSTS", "REDIS_TLS"]);

function meant(name: EnvName, value: string): string {
  if (EXACT.has(name)) return value.replace(UNSEEN, "");
  if (WORDS.has(name)) return cleanPaste(value).toLowerCase();
  return cleanPaste(value);
}

function pick(source: Readonly<Record<string, string | undefined>>): EnvValues {
  const names = Object.keys(ENV) as EnvName[];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = meant(name, source[name] ?? "");
      return value ? [[name, value]] : [];
    }),
  );
}
