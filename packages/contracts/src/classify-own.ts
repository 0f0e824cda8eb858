import type { ErrorCode } from "@flotilla/kernel";
import type { ErrorClass, Fault } from "./error-class.ts";

/** Codes of faults that are reported and never thrown. */
type ToldCode = "deaf" | "lease-held" | "lease-wait" | "memory-cap" | "no-heartbeat";

/**
 * Classes of the AppError codes of this code base. A code without an entry is a bug, or concerns
 * one call.
 */
const OWN: Readonly<Partial<Record<ErrorCode | ToldCode, ErrorClass>>> = {
  "sqlite-locked": "SESSION_LOCKED",
  "sqlite-corrupt": "DB_BROKEN",
  "sqlite-full": "DB_BROKEN",
  "sqlite-readonly": "DB_BROKEN",
  "sqlite-cantopen": "DB_BROKEN",
  "sqlite-io": "DB_BROKEN",
  "sqlite-empty": "DB_BROKEN",
  "sqlite-not-a-database": "DB_BROKEN",
  "sqlite-truncated": "DB_BROKEN",
  "sqlite-missing": "DB_BROKEN",
  "sqlite-deleted": "DB_BROKEN",
  "sqlite-replaced": "DB_BROKEN",
  "sqlite-foreign-owner": "DB_BROKEN",
  "key-unreadable": "DB_BROKEN",
  "sqlite-network-fs": "CONFIG",
  "sqlite-newer": "CONFIG",
  "sqlite-wrong-role": "CONFIG",
  "sqlite-pragma": "CONFIG",
  "bad-config": "CONFIG",
  "bad-worker-id": "CONFIG",
  "bad-host-id": "CONFIG",
  "env-unreadable": "CONFIG",
  "bad-redis-url": "CONFIG",
  "redis-evicts": "CONFIG",
  "redis-too-old": "CONFIG",
  "no-fleet-key": "CONFIG",
  "wrong-fleet-key": "CONFIG",
  "bad-fleet-key": "CONFIG",
  "bad-server-key": "CONFIG",
  "no-dc-address": "CONFIG",
  "account-changed": "CONFIG",
  "account-is-bot": "CONFIG",
  "vendor-mismatch": "CONFIG",
  "bad-auth-key": "TG_SERVER",
  "call-timeout": "TG_SERVER",
  "no-key": "AUTH_DEAD",
  "session-duplicate": "IN_USE",
  "session-owned": "IN_USE",
  "owner-dir": "CONFIG",
  "session-claimed": "IN_USE",
  "session-in-use": "IN_USE",
  "stale-fence": "IN_USE",
  "lease-held": "IN_USE",
  "lease-lost": "IN_USE",
  "lease-wait": "IN_USE",
  "moved-away": "IN_USE",
  "redis-away": "NETWORK",
  "redis-unreachable": "NETWORK",
  "not-connected": "NETWORK",
  "method-refused": "REQUEST",
  "foreign-dc": "REQUEST",
  "unknown-peer": "REQUEST",
  "name-moved": "REQUEST",
  "service-chat": "REQUEST",
  "protected-content": "REQUEST",
  "file-gone": "REQUEST",
  "file-too-large": "REQUEST",
  "file-elsewhere": "REQUEST",
  "file-missing": "REQUEST",
  "file-host-away": "NETWORK",
  "flood-wait": "FLOOD",
  "proxy-refused": "NETWORK",
  "proxy-auth": "CONFIG",
  "proxy-unfit": "CONFIG",
  "bad-proxy": "CONFIG",
  "sending-stopped": "LIMITED",
  deaf: "STUCK",
  "no-heartbeat": "STUCK",
  "memory-cap": "OOM",
};

/** The class of an AppError's code; null for a code that says nothing about the session. */
export function classOfCode(code: string): ErrorClass | null {
  return Object.hasOwn(OWN, code) ? (OWN[code as ErrorCode] ?? null) : null;
}

/** Classes by the beginning of `code`, as Node, SQLite and ioredis set it. The first match wins. */
const CODES: readonly (readonly [RegExp, ErrorClass])[] = [
  [/^SQLITE_(?:BUSY|LOCKED)/, "SESSION_LOCKED"],
  [/^SQLITE_NOMEM/, "OOM"],
  [
    /^SQLITE_(?:CONSTRAINT|MISUSE|RANGE|TOOBIG|INTERNAL|ABORT|INTERRUPT|SCHEMA|MISMATCH|ERROR)/,
    "CRASH",
  ],
  [/^SQLITE_/, "DB_BROKEN"],
  [/^(?:ENOSPC|EDQUOT|EROFS|EIO)$/, "DB_BROKEN"],
  [/^(?:ENOMEM|ERR_MEMORY_ALLOCATION_FAILED|ERR_WORKER_OUT_OF_MEMORY)$/, "OOM"],
  [/^(?:EADDRINUSE|EADDRNOTAVAIL)$/, "CONFIG"],
  [
    /^(?:EACCES|EPERM|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|ERR_DLOPEN_FAILED|ERR_UNSUPPORTED_)/,
    "CONFIG",
  ],
  [/^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)/, "CONFIG"],
  [/^E(?:CONN|HOST|NET|PIPE|ADDR|PROTO|TIMEDOUT|AI_|NOTFOUND|NODATA|SERVFAIL)/, "NETWORK"],
  [/^(?:UND_|ERR_SOCKET_|ERR_STREAM_PREMATURE)/, "NETWORK"],
];

/**
 * Classes by the first word of a Redis error reply
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors).
 */
const REDIS_REPLIES: Readonly<Record<string, ErrorClass>> = {
  NOAUTH: "CONFIG",
  WRONGPASS: "CONFIG",
  NOPERM: "CONFIG",
  MISCONF: "DB_BROKEN",
  OOM: "CONFIG",
  LOADING: "NETWORK",
  READONLY: "NETWORK",
  MASTERDOWN: "NETWORK",
  CLUSTERDOWN: "NETWORK",
  TRYAGAIN: "NETWORK",
  BUSY: "NETWORK",
  UNBLOCKED: "NETWORK",
};
const REDIS_TEXTS =
  /^(?:Connection is closed|Stream isn't writeable|Reached the max retries per request limit|Command timed out)/;

const MAX_CODE = 120;

/**
 * Classifies an error of Node, SQLite or Redis; null for any other error. Codes decide; texts only
 * where the library sets no code. The message never quotes the error, which could contain a path or
 * an address.
 */
export function classifySystem(error: Error): Fault | null {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (error.name === "ReplyError" || error.constructor.name === "ReplyError")
    return redisReply(error.message);
  for (const [pattern, found] of CODES) {
    if (pattern.test(code))
      return {
        class: found,
        code: code.slice(0, MAX_CODE),
        message: `${SENTENCES[found] ?? "It failed"}: ${code}.`.slice(0, 200),
      };
  }
  if (REDIS_TEXTS.test(error.message))
    return { class: "NETWORK", code: "redis-away", message: "Redis cannot be reached." };
  if (
    error instanceof RangeError &&
    /allocation failed|Invalid array buffer length/i.test(error.message)
  ) {
    return { class: "OOM", code: "allocation", message: "The worker has no more memory." };
  }
  return null;
}

const SENTENCES: Partial<Readonly<Record<ErrorClass, string>>> = {
  SESSION_LOCKED: "A database is held by another program",
  DB_BROKEN: "The disk or a database failed",
  OOM: "There is no more memory",
  CONFIG: "This machine is not set up for it",
  NETWORK: "The network failed",
};

function redisReply(text: string): Fault {
  const word = /^[A-Z]+/.exec(text)?.[0] ?? "";
  const found = Object.hasOwn(REDIS_REPLIES, word) ? REDIS_REPLIES[word] : undefined;
  return {
    class: found ?? "CRASH",
    code: `redis-${word.slice(0, 40) || "reply"}`,
    message: `Redis refused a command (${word || "no reason"}).`,
  };
}
