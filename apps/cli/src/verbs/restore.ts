import { AppError } from "@flotilla/kernel";
import { type Help, Vault } from "@flotilla/session-store";
import { copyLine } from "./backup.ts";
import { workerName } from "./import.ts";
import {
  type Answer,
  assertCanAsk,
  type Call,
  confirmed,
  noMoreThan,
  type Verb,
  word,
} from "./verb.ts";

const USAGE = `Usage: flotilla restore --archive <file> [--data-dir <folder>] [--lost-redis] [--yes] [--json]
       flotilla restore <worker> [--list] [--json]
       flotilla restore <worker> <id> [--yes] [--json]

With --archive: puts a whole host back from what "flotilla backup" made, into an empty data folder.
It needs FLEET_KEY and the HOST_ID of that host. It refuses what a running machine uses, and asks
whether the old machine is off. Cut off in the middle: the same command again.

  --data-dir     instead of DATA_DIR
  --only         control.db or host.db: put back this database alone, into a data folder that has
                 the rest and stands still. What was in its place is kept beside it
  --lost-redis   REDIS_URL is new or lost as well: do not ask it who has the sessions
  --yes          do not ask: the old machine is off

With a worker: lists the copies of a worker's session, or restores one. The worker must be stopped.
The replaced session goes to the trash of the vault and can be restored in the same way.

  --list   only list the copies (the default without an id)
  --yes    do not ask
`;

const HELP: Readonly<Record<Help, string>> = {
  different:
    "The golden copy has another key than the session: restoring it may bring the login back.",
  same:
    "The golden copy has the same key as the session: if the login is gone, only a new login " +
    "helps (🔐 in the chat).",
  "no-golden": "There is no golden copy yet: each confirmed login makes one.",
};

export const restoreVerb: Verb = {
  name: "restore",
  usage: USAGE,
  options: {
    list: { type: "boolean" },
    yes: { type: "boolean" },
    archive: { type: "string" },
    "data-dir": { type: "string" },
    "lost-redis": { type: "boolean" },
    only: { type: "string" },
  },
  async run(call): Promise<Answer> {
    const { archive } = call.flags;
    if (typeof archive === "string") {
      noMoreThan(call, 0);
      // Imported here: a copy of the vault needs no archive.
      const { restoreDatabase, restoreFleet } = await import("./restore-fleet.ts");
      const { only } = call.flags;
      return typeof only === "string"
        ? await restoreDatabase(call, archive, only)
        : await restoreFleet(call, archive);
    }
    noMoreThan(call, 2);
    const name = workerName(word(call, 0, "whose session to restore"));
    const vault = new Vault({ dataDir: call.place.dataDir, fleetKey: call.place.fleetKey() });
    const id = call.words[1];
    if (id === undefined || call.flags["list"] === true) return list(name, vault);
    return await putBack(call, vault, { name, id });
  },
};

function list(name: string, vault: Vault): Answer {
  const copies = vault.list(name);
  const help = vault.canHelp(name);
  const lines =
    copies.length === 0
      ? [`There are no copies of "${name}".`]
      : [...copies.map(copyLine), HELP[help]];
  return {
    exitCode: 0,
    text: `${lines.join("\n")}\n`,
    data: { worker: name, copies, goldenCanHelp: help },
  };
}

async function putBack(
  call: Call,
  vault: Vault,
  { name, id }: { readonly name: string; readonly id: string },
): Promise<Answer> {
  assertCanAsk(call);
  const question =
    `This replaces the session of "${name}" with the copy ${id}; the present session goes to ` +
    "the trash. Continue?";
  if (!(await confirmed(call, question)))
    throw new AppError("not-confirmed", "Nothing was changed.");
  const { restored, trashed } = vault.restore(name, id);
  const kept = trashed
    ? ` The replaced session is kept: flotilla restore ${name} ${trashed.id}`
    : "";
  const text = `Restored "${name}" from ${id}.${kept}\nStart the worker in the chat (▶️ Start).\n`;
  return { exitCode: 0, text, data: { worker: name, restored, trashed } };
}
