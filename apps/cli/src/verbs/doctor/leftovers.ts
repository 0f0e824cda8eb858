import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sessionNames } from "@flotilla/session-store";
import type { Finding, Patient } from "./finding.ts";

/** Age from which a temporary folder is a leftover: no running work takes this long. */
const OLD_MS = 60 * 60 * 1000;

/**
 * Finds leftovers of crashes: temporary folders with encrypted copies, and notes about deleted
 * sessions.
 */
export function checkLeftovers({ place }: Patient): Finding[] {
  const { dataDir, sessions, clock } = place;
  const vault = join(dataDir, "vault");
  const folders = [sessions, ...names(vault).map((name) => join(vault, name))];
  const temps = folders.flatMap((folder) =>
    names(folder)
      .filter((name) => name.startsWith(".flotilla-"))
      .map((name) => join(folder, name))
      .filter((path) => clock.now() - statSync(path).mtimeMs > OLD_MS),
  );
  const present = new Set(sessionNames(sessions));
  const notes = names(sessions).filter(
    (name) => name.endsWith(".identity") && !present.has(name.slice(0, -".identity".length)),
  );
  return [...temps, ...notes.map((name) => join(sessions, name))].map((path) => ({
    check: "leftovers",
    level: "hint",
    what: `${path} is a leftover of an interrupted process.`,
    why: "It has no use and may contain a copy of a session.",
    todo: `rm -r '${path}'`,
    fix: () => rmSync(path, { recursive: true, force: true }),
  }));
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
