import type { UserId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { LANGUAGES, type Language } from "../words/words.ts";

/** What the next text of an admin is taken for. */
export type Expecting = "worker-name";

/** Admins who have talked to the bot: a bot cannot open a chat by itself. */
export class AdminStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** An admin wrote or pressed: reachable again. `language` counts until the admin chooses one. */
  saw(id: UserId, name: string, language: Language): void {
    this.#db.write(
      "INSERT INTO admin (id, name, reachable, language) VALUES (?, ?, 1, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, reachable = 1, language = coalesce(language, excluded.language)",
      [id, name, language],
    );
  }

  /** The language of an admin's chat. */
  language(id: string): Language {
    const row = this.#db.readOne<{ language: string | null }>("SELECT language FROM admin WHERE id = ?", [id]);
    return LANGUAGES.find((language) => language === row?.language) ?? "en";
  }

  /** Telegram says that this admin blocked the bot or is gone. */
  unreachable(id: string): void {
    this.#db.write("UPDATE admin SET reachable = 0 WHERE id = ?", [id]);
  }

  reachable(): string[] {
    return this.#db.read<{ id: string }>("SELECT id FROM admin WHERE reachable = 1 ORDER BY id").map((row) => row.id);
  }

  /**
   * Forgets everybody who is not on the allow-list any more, with their panels and logins: nothing is shown or
   * delivered to them from now on (invariant 9). Call it at start, before anything is sent.
   */
  keepOnly(ids: readonly UserId[]): void {
    const marks = ids.map(() => "?").join(", ");
    this.#db.transaction(() => {
      this.#db.write(`DELETE FROM admin WHERE id NOT IN (${marks})`, ids);
      this.#db.write(`DELETE FROM panel WHERE chat NOT IN (${marks})`, ids);
      this.#db.write(`DELETE FROM wizard WHERE admin NOT IN (${marks})`, ids);
    });
  }

  expect(id: UserId, what: Expecting | null): void {
    this.#db.write("UPDATE admin SET expecting = ? WHERE id = ?", [what, id]);
  }

  expecting(id: UserId): Expecting | null {
    return (
      this.#db.readOne<{ expecting: Expecting | null }>("SELECT expecting FROM admin WHERE id = ?", [id])?.expecting ?? null
    );
  }
}
