import { z } from "zod";

/** Telegram's limit for callback data, in bytes of UTF-8. */
export const CALLBACK_LIMIT_BYTES = 64;

/** Every button of the admin chat. A new button adds its verb here and a handler. */
export const Verb = z.enum([
  "menu",
  "workers",
  "worker",
  "restart",
  "start",
  "stop",
  "log",
  "check",
  "look",
  "who",
  "retry",
  "backups",
  "bnow",
  "brest",
  "brestyes",
  "hstop",
  "hstopyes",
  "resume",
  "resumeyes",
  "rules",
  "ruleset",
  "proxy",
  "proxyyes",
  "add",
  "login",
  "lphone",
  "lkey",
  "lback",
  "lsend",
  "lnew",
  "lcancel",
  "lkeep",
  "lqr",
  "lfile",
  "luse",
  "logfile",
  "logins",
  "alerts",
  "these",
  "crew",
  "runbook",
  "take",
  "hush",
  "mute",
  "maintain",
  "test",
  "drill",
  "health",
  "doctor",
  "settings",
  "lang",
  "zone",
  "limits",
  "quiet",
  "together",
  "admins",
  "admin",
  "invite",
  "setrole",
  "unadmin",
  "audit",
  "auditfile",
  "find",
  "cancel",
  "more",
  "rename",
  "tags",
  "delete",
  "logout",
  "rmsession",
  "devices",
  "chart",
  "bulk",
  "bulkstop",
  "yes",
  "routes",
  "route",
  "rset",
  "rnew",
  "redit",
  "rwiz",
  "sources",
  "srcset",
]);
export type Verb = z.infer<typeof Verb>;

/** A parsed button press. `arg` is a page number, a digit or a time stamp in base 36, by verb. */
export interface Press {
  readonly verb: Verb;
  readonly worker: string;
  readonly arg: string;
}

/**
 * Encodes a button as `v1:<verb>:<worker>:<arg>`. Throws RangeError over 64 bytes; a test encodes
 * each button.
 */
export function encodePress(verb: Verb, worker = "", arg = ""): string {
  const data = `v1:${verb}:${worker}:${arg}`;
  if (Buffer.byteLength(data) > CALLBACK_LIMIT_BYTES)
    throw new RangeError(`callback data over ${CALLBACK_LIMIT_BYTES} bytes: ${data}`);
  return data;
}

const PATTERN = /^v1:([a-z-]{1,16}):([a-z0-9_-]{0,32}):([a-z0-9-]{0,16})$/;

/**
 * Parses untrusted callback data. Null = not Flotilla's, or of another version: answer with a fresh
 * screen.
 */
export function decodePress(data: string): Press | null {
  const match = PATTERN.exec(data);
  const verb = Verb.safeParse(match?.[1]);
  if (!match || !verb.success) return null;
  return { verb: verb.data, worker: match[2] ?? "", arg: match[3] ?? "" };
}
