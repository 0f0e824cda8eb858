import { AppError, toError } from "@flotilla/kernel";

/**
 * Problem of Redis. `hangs` = accepts connections and does not answer; `silent` = neither accepts
 * nor refuses them; `gone` = refuses them; `away` = any other.
 */
export type RedisTrouble =
  | "hangs"
  | "silent"
  | "gone"
  | "no-name"
  | "memory"
  | "read-only"
  | "no-replica"
  | "disk"
  | "loading"
  | "busy"
  | "password"
  | "permission"
  | "full"
  | "away";

/** Each problem in plain words, with the remedy. */
const WORDS: Readonly<Record<RedisTrouble, string>> = {
  hangs:
    "Redis hangs: it takes connections and answers nothing. Look at its machine (stopped " +
    "process, slow disk, CLIENT PAUSE).",
  silent:
    "Nothing answers at the address of Redis. Look whether its machine is on, and at the " +
    "network and firewall in between.",
  gone: "Redis is not running: its port refuses connections. Start it, or correct REDIS_URL.",
  "no-name": "The host name of Redis is not known. Correct REDIS_URL, or look at the name server.",
  memory: "Redis is out of memory and takes nothing new. Raise maxmemory, or make room.",
  "read-only": "Redis is a read-only replica. Point REDIS_URL at the master.",
  "no-replica":
    "Redis has replicas, and none of them confirms what it writes. Look at the replicas and the " +
    "network between them: a failover would lose it.",
  disk: "Redis cannot write to its disk and so takes nothing new. Make room there, and look at its log.",
  loading: "Redis is loading its data. Wait until it is done.",
  busy: "Redis is busy with one long script. Wait, or end it with SCRIPT KILL.",
  password: "Redis refuses the user or the password. Correct them in REDIS_URL.",
  permission:
    "The user of REDIS_URL may not do this in Redis. Give it the rights of docs/safety.md.",
  full: "Redis takes no more connections. Raise maxclients, or end programs that have many.",
  away: "Redis cannot be reached. Look whether it runs, and whether this machine reaches it.",
};

/** The first match wins. Scripts wrap the error of a command, so its code may stand anywhere. */
const BY_TEXT: readonly (readonly [RegExp, RedisTrouble])[] = [
  [/\bOOM command not allowed/, "memory"],
  [/\bREADONLY\b/, "read-only"],
  [/\bNOREPLICAS\b/, "no-replica"],
  [/\bMISCONF\b/, "disk"],
  [/\bLOADING\b/, "loading"],
  [/\bBUSY Redis\b/, "busy"],
  [
    /\b(WRONGPASS|NOAUTH)\b|invalid (username-)?password|AUTH <?password|without any password configured/i,
    "password",
  ],
  [/\bNOPERM\b/, "permission"],
  [/max number of clients/, "full"],
];

const BY_CODE: Readonly<Record<string, RedisTrouble>> = {
  ECONNREFUSED: "gone",
  ENOENT: "gone",
  ECONNRESET: "gone",
  EPIPE: "gone",
  ENOTFOUND: "no-name",
  EAI_AGAIN: "no-name",
  ETIMEDOUT: "silent",
  EHOSTUNREACH: "silent",
  ENETUNREACH: "silent",
  EHOSTDOWN: "silent",
};

/** Classifies an error of Redis or of its connection. */
export function troubleOf(thrown: unknown): RedisTrouble {
  if (thrown instanceof AppError) {
    const told = thrown.details["redis"];
    if (typeof told === "string" && Object.hasOwn(WORDS, told)) return told as RedisTrouble;
  }
  const error: NodeJS.ErrnoException & { errors?: readonly unknown[] } = toError(thrown);
  const found = BY_TEXT.find(([pattern]) => pattern.test(error.message));
  if (found) return found[1];
  if (error.code !== undefined && Object.hasOwn(BY_CODE, error.code))
    return BY_CODE[error.code] ?? "away";
  // A name with several addresses fails with one error per address.
  const [first] = error.errors ?? [];
  return first === undefined ? "away" : troubleOf(first);
}

/**
 * The one error for a Redis that does not do what it is asked: code `redis-away`; `details.redis`
 * is the trouble.
 */
export function redisAway(trouble: RedisTrouble, cause?: unknown): AppError {
  return new AppError("redis-away", WORDS[trouble], { cause, details: { redis: trouble } });
}

/** The error of a question without an answer in time. */
export const noAnswer = (): AppError => redisAway("hangs");
