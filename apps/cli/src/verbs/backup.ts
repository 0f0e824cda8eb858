import { openIdle, Vault, type VaultEntry } from "@flotilla/session-store";
import { backupFleet, checkArchive } from "./backup-fleet.ts";
import { workerName } from "./import.ts";
import { type Answer, noMoreThan, type Verb, WrongUsage, word } from "./verb.ts";

const USAGE = `Usage: flotilla backup [--to <folder>] [--json]
       flotilla backup --check <archive> [--json]
       flotilla backup <worker> [--json]

Without a worker: puts the whole data folder of this host (control.db, host.db, every session) into one encrypted,
verified archive in BACKUP_DIR, while everything runs; then runs BACKUP_COMMAND, and keeps the last BACKUP_KEEP. A
running fleet does the same every BACKUP_EVERY_H hours. Get it back with: flotilla restore --archive <archive>

  --to      only make an archive, in this folder: no command, nothing is removed
  --check   read an archive to its end and check every database in it

With a worker: makes a checked copy of a stopped worker's session in the vault of the data folder.
The last ten copies are kept. A copy is encrypted with the fleet key, like the session: keep that
key in another place too. A running worker makes its own backups.
`;

export const backupVerb: Verb = {
  name: "backup",
  usage: USAGE,
  options: { to: { type: "string" }, check: { type: "string" } },
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
    const { to, check } = call.flags;
    if (call.words.length > 0 && (to !== undefined || check !== undefined))
      throw new WrongUsage("--to and --check are for the whole fleet: leave the worker out.");
    if (typeof check === "string") return await checkArchive(call, check);
    if (call.words.length === 0) return await backupFleet(call);
    const name = workerName(word(call, 0, "which worker's session to back up"));
    const { dataDir, sessions: dir } = call.place;
    const fleetKey = call.place.fleetKey();
    using store = openIdle({ dir, name, fleetKey });
    const backup = new Vault({ dataDir, fleetKey }).backup(store, "manual");
    return {
      exitCode: 0,
      text: `Backed up "${name}": ${copyLine(backup)}\n`,
      data: { worker: name, backup },
    };
  },
};

const PROBLEMS: Readonly<Record<NonNullable<VaultEntry["problem"]>, string>> = {
  damaged: "damaged",
  unreadable: "cannot be read now",
  "in-use": "open in another program",
  "no-key": "without a login",
  "other-fleet-key": "encrypted with another FLEET_KEY",
};

/** One copy as one line: id, time, reason, size, and its problem or "checked". */
export function copyLine({ id, at, reason, bytes, problem }: VaultEntry): string {
  const when = new Date(at).toISOString().slice(0, 19).replace("T", " ");
  const state = problem === null ? "✓ checked" : `✗ ${PROBLEMS[problem]}`;
  return `${id}  ${when} UTC  ${reason}  ${Math.ceil(bytes / 1024)} KiB  ${state}`;
}
