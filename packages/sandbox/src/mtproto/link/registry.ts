import type { Connection } from "./connection.ts";
import type { AuthKey } from "./keys.ts";
import { Session } from "./session.ts";

/** Sessions that a key may have open at a time; the least recently made one is forgotten. */
const MAX_SESSIONS_PER_KEY = 32;

/** All MTProto sessions, by key. */
export class SessionRegistry {
  readonly #byKey = new Map<string, Map<bigint, Session>>();
  #calls = 0;

  /** The session `id` of `key`, made if need be, now on `connection`. */
  open(key: AuthKey, id: bigint, connection: Connection): Session {
    const sessions = this.#byKey.get(key.id) ?? new Map<bigint, Session>();
    this.#byKey.set(key.id, sessions);
    const known = sessions.get(id);
    if (known) {
      known.connection = connection;
      return known;
    }
    const session = new Session(id, key, connection);
    sessions.set(id, session);
    const oldest = sessions.keys().next();
    if (sessions.size > MAX_SESSIONS_PER_KEY && !oldest.done) sessions.delete(oldest.value);
    return session;
  }

  /** Notes an API call: updates go to the session that called last. */
  called(session: Session, wantsUpdates: boolean): void {
    session.wantsUpdates = wantsUpdates;
    if (wantsUpdates) session.lastCall = ++this.#calls;
  }

  /** Forgets one session. False when there is none of this id. */
  destroy(key: AuthKey, id: bigint): boolean {
    return this.#byKey.get(key.id)?.delete(id) ?? false;
  }

  /** Forgets all sessions of a key. */
  forget(keyId: string): void {
    this.#byKey.delete(keyId);
  }

  /**
   * The session among those of `keys` that updates go to: the one that called last over a
   * connection that is `alive`.
   */
  receiver(keys: readonly AuthKey[], alive: (connection: Connection) => boolean): Session | null {
    let best: Session | null = null;
    for (const key of keys) {
      for (const session of this.#byKey.get(key.id)?.values() ?? []) {
        if (!session.wantsUpdates || !alive(session.connection)) continue;
        if (!best || session.lastCall > best.lastCall) best = session;
      }
    }
    return best;
  }
}
