import { chmodSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Finding, Patient } from "./finding.ts";

const WHY =
  "A user who can read a session, a key or .env on this machine can use the account or the bot.";

/** Checks that folders have mode 0700 and files 0600, backups included. */
export function checkPermissions({ place }: Patient): Finding[] {
  if (process.platform === "win32" || !existsSync(place.dataDir)) return [];
  const { dataDir, sessions, root } = place;
  const vault = join(dataDir, "vault");
  const folders = [dataDir, sessions, vault, ...inside(vault)].filter((path) => existsSync(path));
  const files = [
    ...[".env"].map((name) => join(root, name)),
    ...["fleet.key", "fleet.key.old", "fleet.key.next", "control.db", "host.db"].map((name) =>
      join(dataDir, name),
    ),
    ...inside(sessions),
    ...inside(vault).flatMap(inside),
  ].filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
  return [
    ...folders.flatMap((path) => tooOpen(path, 0o700)),
    ...files.flatMap((path) => tooOpen(path, 0o600)),
  ];
}

function tooOpen(path: string, wanted: number): Finding[] {
  const mode = statSync(path).mode & 0o777;
  if ((mode & ~wanted) === 0) return [];
  const octal = wanted.toString(8);
  return [
    {
      check: "permissions",
      level: "problem",
      what: `${path} is open to others (${mode.toString(8)}).`,
      why: WHY,
      todo: `chmod ${octal} '${path}'`,
      fix: () => chmodSync(path, mode & wanted),
    },
  ];
}

function inside(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
