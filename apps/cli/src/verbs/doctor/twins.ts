import { realpathSync } from "node:fs";
import {
  neighbourOf,
  type SessionIdentity,
  sessionNames,
  sessionPath,
} from "@flotilla/session-store";
import type { Finding, Patient } from "./finding.ts";

interface Known extends SessionIdentity {
  readonly realPath: string;
}

/** Finds two sessions of one key, one account or one file. */
export function checkTwins({ place }: Patient): Finding[] {
  const dir = place.sessions;
  const all = sessionNames(dir).map((name) => neighbourOf(dir, name));
  const known = all.flatMap((each) =>
    each.kind === "known"
      ? [{ ...each.identity, realPath: realPath(sessionPath(dir, each.identity.name)) }]
      : [],
  );
  const unknown = all.flatMap((each) => (each.kind === "unknown" ? [each.name] : []));
  return [
    ...known.flatMap((one, index) => known.slice(index + 1).flatMap((other) => twin(one, other))),
    ...unknown.map(notTold),
  ];
}

function twin(one: Known, other: Known): Finding[] {
  const both = `"${one.name}" and "${other.name}"`;
  const why = "Telegram ends a session that two programs use (AUTH_KEY_DUPLICATED), for both.";
  const todo =
    "Decide which one stays. Stop the other worker, and move its session file out of the data folder.";
  const finding = (what: string): Finding[] => [
    { check: "duplicate", level: "problem", what, why, todo },
  ];
  if (one.realPath === other.realPath) return finding(`${both} are two names for one file.`);
  if (one.fingerprint === other.fingerprint)
    return finding(`${both} have the same key: one is a copy of the other.`);
  if (one.userId === null || one.userId !== other.userId) return [];
  return finding(`${both} are the same account (user id ${one.userId}).`);
}

function notTold(name: string): Finding {
  return {
    check: "duplicate",
    level: "hint",
    what: `"${name}" is in use, and its key is not known.`,
    why: "The doctor cannot compare it with the other sessions.",
    todo: "Restart that worker (🔄 Restart in the chat), then run the doctor again.",
  };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
