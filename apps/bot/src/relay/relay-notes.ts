import type { RelayStatus, RouteStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { type AuditStore, SYSTEM } from "../admins/audit-store.ts";
import { type Said, say } from "../kit/words/said.ts";

/**
 * Writes into the audit log what became of the chats of routes, each once: groups that became
 * supergroups, names that lead elsewhere (B4, F20).
 */
export class RelayNotes {
  readonly #db: Database;
  readonly #audit: AuditStore;

  constructor(db: Database, audit: AuditStore) {
    this.#db = db;
    this.#audit = audit;
  }

  /** `readers`: what they last said. A route that none of them speaks of keeps its notes. */
  look(readers: readonly RelayStatus[], now: number): void {
    const found = readers.flatMap(({ worker, routes }) =>
      routes.flatMap((status) => notesOf(worker, status)),
    );
    const heard = new Set(readers.flatMap(({ routes }) => routes.map(({ route }) => route)));
    const known = this.#db.read<{ route: string; note: string }>(
      "SELECT route, note FROM relay_note",
    );
    const isKnown = ({ route, note }: Note): boolean =>
      known.some((each) => each.route === route && each.note === note);
    const fresh = found.filter((each) => !isKnown(each));
    const over = known.filter(
      ({ route, note }) =>
        heard.has(route) && !found.some((each) => each.route === route && each.note === note),
    );
    if (fresh.length + over.length === 0) return;
    this.#db.transaction(() => {
      for (const { route, note } of over)
        this.#db.write("DELETE FROM relay_note WHERE route = ? AND note = ?", [route, note]);
      for (const { route, note, worker, said } of fresh) {
        this.#db.write("INSERT INTO relay_note (route, note) VALUES (?, ?)", [route, note]);
        this.#audit.write(SYSTEM, said, worker, now);
      }
    });
  }
}

interface Note {
  readonly route: string;
  readonly note: string;
  readonly worker: WorkerId;
  readonly said: Said;
}

function notesOf(worker: WorkerId, { route, moved, stuck }: RouteStatus): Note[] {
  const groups = moved.map(({ chat, to }) => ({
    ...{ route, worker, note: `moved ${chat} ${to}` },
    said: say("audit-chat-moved", { route, chat, to }),
  }));
  const name = { route, worker, note: "name-moved", said: say("audit-name-moved", { route }) };
  return stuck?.code === "name-moved" ? [...groups, name] : groups;
}
