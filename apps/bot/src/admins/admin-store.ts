import type { Asker } from "@flotilla/contracts";
import { parseUserId, type UserId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { QuestionName } from "../kit/question.ts";
import { ROLES, type Role } from "../kit/roles.ts";
import { LANGUAGES, type Language } from "../kit/words/words.ts";

/** A chat that alerts can go to, in the order in which people are asked. */
export interface AlertChat {
  readonly chat: string;
  readonly reachable: boolean;
  /** A group hears everything from the start. */
  readonly group: boolean;
}

/** A user of the bot. */
export interface AdminRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** False: never pressed Start, or blocked the bot. */
  readonly reachable: boolean;
  /** Added in the chat, not in ADMIN_IDS. */
  readonly invited: boolean;
}

/** An open question of an admin. */
export interface AskedOf extends Asked {
  readonly name: string;
}

/** An open question. */
export interface Asked {
  readonly what: string;
  readonly about: string;
  readonly chat: string | null;
}

/** An invitation that can be used. */
export interface Invitation {
  readonly role: Role;
  /** Name of the owner who made it. */
  readonly by: string;
}

interface RawAdmin {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly reachable: number;
  readonly invited: number;
}

const MINUTES_15 = 15 * 60_000;

/**
 * Admins: owners from the configuration, and whom they invited. A bot cannot open a chat by itself.
 */
export class AdminStore {
  readonly #db: Database;
  /** Where the open question of an admin was asked. */
  readonly #askedIn = new Map<UserId, string | null>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** An admin wrote or pressed: reachable again. `language` counts until the admin chooses one. */
  saw(id: UserId, name: string, language: Language): void {
    // Each tap comes by here: a commit that changes nothing would cost it a write to the disk.
    const known = this.#db.readOne(
      "SELECT 1 FROM admin WHERE id = ? AND name = ? AND reachable = 1 AND language IS NOT NULL",
      [id, name],
    );
    if (known) return;
    this.#db.write(
      `INSERT INTO admin (id, name, reachable, language) VALUES (?, ?, 1, ?) ON CONFLICT (id)
        DO UPDATE SET name = excluded.name, reachable = 1, language = coalesce(language,
        excluded.language)`,
      [id, name, language],
    );
  }

  /** Null: not on the allow-list. */
  role(id: string): Role | null {
    return this.find(id)?.role ?? null;
  }

  find(id: string): AdminRow | null {
    return this.all().find((row) => row.id === id) ?? null;
  }

  /**
   * Everybody, in the order in which alerts ask them: as in ADMIN_IDS, then as they were invited.
   */
  all(): AdminRow[] {
    const rows = this.#db.read<RawAdmin>(
      "SELECT id, name, role, reachable, invited FROM admin ORDER BY invited, rowid",
    );
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      role: ROLES.find((role) => role === row.role) ?? "viewer",
      reachable: row.reachable === 1,
      invited: row.invited === 1,
    }));
  }

  /** Chats for alerts: viewers only look. */
  chats(): AlertChat[] {
    return this.all()
      .filter((row) => row.role !== "viewer")
      .map((row) => ({ chat: row.id, reachable: row.reachable, group: false }));
  }

  language(id: string): Language {
    const row = this.#db.readOne<{ language: string | null }>(
      "SELECT language FROM admin WHERE id = ?",
      [id],
    );
    return LANGUAGES.find((language) => language === row?.language) ?? "en";
  }

  setLanguage(id: string, language: Language): void {
    this.#db.write("UPDATE admin SET language = ? WHERE id = ?", [language, id]);
  }

  /** The time zone in which this admin reads times, as Intl names it; null = that of the fleet. */
  zone(id: string): string | null {
    return (
      this.#db.readOne<{ zone: string | null }>("SELECT zone FROM admin WHERE id = ?", [id])
        ?.zone ?? null
    );
  }

  setZone(id: string, zone: string | null): void {
    this.#db.write("UPDATE admin SET zone = ? WHERE id = ?", [zone, id]);
  }

  /** Telegram says that this admin blocked the bot or is gone. */
  unreachable(id: string): void {
    this.#db.write("UPDATE admin SET reachable = 0 WHERE id = ?", [id]);
  }

  reachable(): string[] {
    return this.all()
      .filter((row) => row.reachable)
      .map((row) => row.id);
  }

  /**
   * Makes the ids of the configuration owners, and forgets owners who are not in it any more, with
   * their panels and logins: nothing is shown or delivered to them from now on (invariant 9). Call
   * it at start, before anything is sent.
   */
  keepOnly(ids: readonly UserId[]): void {
    this.#db.transaction(() => {
      for (const id of ids) {
        const sql = `INSERT INTO admin (id, name, reachable, role) VALUES (?, ?, 0, 'owner') ON CONFLICT
            (id) DO UPDATE SET role = 'owner', invited = 0`;
        this.#db.write(sql, [id, id]);
      }
      for (const row of this.all())
        if (!row.invited && !ids.some((id) => id === row.id)) this.#forget(row.id);
    });
  }

  setRole(id: string, role: Role): void {
    this.#db.write("UPDATE admin SET role = ? WHERE id = ? AND invited = 1", [role, id]);
  }

  /** Removes an invited admin. Those of the configuration stay. */
  remove(id: string): void {
    if (this.find(id)?.invited) this.#db.transaction(() => this.#forget(id));
  }

  /** An invitation that the first one who presses its link within 15 min takes. */
  invite(token: string, role: Role, by: Asker, now: number): void {
    this.#db.write("DELETE FROM invite WHERE until < ?", [now]);
    const sql = "INSERT INTO invite (token, role, by_id, by_name, until) VALUES (?, ?, ?, ?, ?)";
    this.#db.write(sql, [token, role, by.id, by.name, now + MINUTES_15]);
  }

  /**
   * The invitation behind a link. Null: there is none (any more), who made it is no owner any more,
   * or the clock was set back to before it was made.
   */
  invitation(token: string, now: number): Invitation | null {
    const found = this.#db.readOne<{ role: string; byId: string; by: string }>(
      `SELECT role, by_id AS byId, by_name AS by FROM invite
        WHERE token = ? AND until BETWEEN ? AND ?`,
      [token, now, now + MINUTES_15],
    );
    const role = ROLES.find((each) => each === found?.role);
    return found && role && this.role(found.byId) === "owner" ? { role, by: found.by } : null;
  }

  /**
   * Uses an invitation up: makes its user an admin, together with what `also` writes. Null: there is
   * none, or the user is an admin already.
   */
  accept(
    token: string,
    user: Asker,
    now: number,
    also: (used: Invitation) => void = () => {},
  ): Role | null {
    return this.#db.transaction(() => {
      const found = this.invitation(token, now);
      if (!found || this.role(user.id)) return null;
      this.#db.write("DELETE FROM invite WHERE token = ?", [token]);
      this.#db.write(
        "INSERT INTO admin (id, name, reachable, role, invited) VALUES (?, ?, 1, ?, 1)",
        [user.id, user.name, found.role],
      );
      also(found);
      return found.role;
    });
  }

  /**
   * What the next text of this admin in this chat answers, and about which worker. `chat` null: in
   * any.
   */
  expect(id: UserId, what: QuestionName | null, about = "", chat: string | null = null): void {
    if (what === null && this.expecting(id) === null) return;
    this.#askedIn.set(id, chat);
    this.#db.write("UPDATE admin SET expecting = ?, expecting_about = ? WHERE id = ?", [
      what,
      about,
      id,
    ]);
  }

  /**
   * The questions that are open in this chat. After a restart of the bot each is open in the
   * private chat of its admin.
   */
  openIn(chat: string): AskedOf[] {
    const rows = this.#db.read<{ id: string; name: string }>(
      "SELECT id, name FROM admin WHERE expecting IS NOT NULL",
    );
    return rows.flatMap(({ id, name }) => {
      const asked = this.asked(parseUserId(id));
      return asked && (asked.chat ?? id) === chat ? [{ ...asked, name }] : [];
    });
  }

  /** The open question of an admin, and where it was asked; `chat` null = any. */
  asked(id: UserId): Asked | null {
    const question = this.expecting(id);
    return question && { ...question, chat: this.#askedIn.get(id) ?? null };
  }

  /**
   * The question of {@link expect}; in `chat`, when one is given. After a restart of the bot any
   * chat counts.
   */
  expecting(
    id: UserId,
    chat: string | null = null,
  ): { readonly what: string; readonly about: string } | null {
    const asked = this.#askedIn.get(id) ?? null;
    if (chat !== null && asked !== null && chat !== asked) return null;
    const sql = "SELECT expecting AS what, expecting_about AS about FROM admin WHERE id = ?";
    const row = this.#db.readOne<{ what: string | null; about: string | null }>(sql, [id]);
    return row?.what ? { what: row.what, about: row.about ?? "" } : null;
  }

  #forget(id: string): void {
    this.#db.write("DELETE FROM admin WHERE id = ?", [id]);
    this.#db.write("DELETE FROM panel WHERE chat = ?", [id]);
    this.#db.write("DELETE FROM wizard WHERE admin = ?", [id]);
    this.#db.write("DELETE FROM route_draft WHERE admin = ?", [id]);
  }
}
