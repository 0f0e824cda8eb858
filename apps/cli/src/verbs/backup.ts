import { openIdle, Vault, type VaultEntry } from "@flotilla/session-store";
import { workerName } from "./import.ts";
import { type Answer, noMoreThan, type Verb, word } from "./verb.ts";

const USAGE = `Usage: flotilla backup <worker> [--json]

Makes a checked copy of a stopped worker's session in the vault of the data folder. The last ten copies are kept. A copy
is encrypted with the fleet key, like the session: keep that key in another place too. A running worker makes its own
backups.
`;

export const backupVerb: Verb = {
  name: "backup",
  summary: "make a checked copy of a stopped worker's session",
  usage: USAGE,
  options: {},
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
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
