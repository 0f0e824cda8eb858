import type { Database } from "@flotilla/sqlite";
import type { CardRow } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";
import { GROWS_MS, type RecentCard } from "./plan.ts";

interface RawCard {
  readonly n: number;
  readonly opened_at: number;
  readonly told_at: number;
  readonly resolved_at: number | null;
  readonly taken_by: string | null;
  readonly muted_until: number | null;
  readonly level: 0 | 1 | 2;
  readonly second_path_at: number | null;
  readonly calm: 0 | 1;
  readonly silent: 0 | 1;
  readonly telling: number;
  readonly revision: number;
}

/** The message that shows a card in a chat. */
export interface Delivery {
  readonly card: number;
  readonly chat: string;
  readonly message: number;
  readonly telling: number;
  readonly revision: number;
  /** The message lists several cards. */
  readonly digest: 0 | 1;
  /** Its end was told. */
  readonly ended: 0 | 1;
  /** A digest of what it shows; null = not known. */
  readonly shown: string | null;
}

/** Milliseconds for which Telegram lets a bot edit and reply; older ends are not told. */
const EDITABLE_MS = 48 * 3_600_000;

/** Cards and where they are shown. */
export class CardStore {
  readonly #db: Database;
  readonly #alerts: AlertStore;

  constructor(db: Database, alerts: AlertStore) {
    this.#db = db;
    this.#alerts = alerts;
  }

  find(n: number): CardRow | null {
    return this.#rows("n = ?", [n])[0] ?? null;
  }

  /** Open cards, and those that ended so lately that their end can still be shown; oldest first. */
  current(now: number): CardRow[] {
    return this.#rows("resolved_at IS NULL OR resolved_at > ?", [now - EDITABLE_MS]);
  }

  allOpen(): CardRow[] {
    return this.#rows("resolved_at IS NULL", []);
  }

  /** Cards that were opened so lately that others of their group may join them; oldest first. */
  recent(now: number): RecentCard[] {
    return this.#db
      .read<{ n: number; key: string; open: 0 | 1; openedAt: number; toldAt: number }>(
        `SELECT n, group_key AS key, resolved_at IS NULL AS open, opened_at AS openedAt, told_at
          AS toldAt FROM card WHERE opened_at > ? ORDER BY n`,
        [now - GROWS_MS],
      )
      .map((row) => ({ ...row, open: row.open === 1 }));
  }

  /** Makes a card of these alerts. */
  create(
    key: string,
    alerts: readonly number[],
    options: { readonly calm: boolean; readonly over: boolean; readonly silent?: boolean },
    now: number,
  ): void {
    this.#db.transaction(() => {
      const sql = `INSERT INTO card (group_key, opened_at, told_at, resolved_at, level, calm, silent,
          telling, revision) VALUES (?, ?, ?, ?, 0, ?, ?, 1, 1)`;
      const { lastId } = this.#db.write(sql, [
        key,
        now,
        now,
        options.over ? now : null,
        options.calm ? 1 : 0,
        options.silent ? 1 : 0,
      ]);
      for (const n of alerts) this.#db.write("UPDATE alert SET card = ? WHERE n = ?", [lastId, n]);
    });
  }

  /** Puts these alerts on a card that is open. `loud`: it is told again with a sound. */
  join(card: number, alerts: readonly number[], loud: boolean, now: number): void {
    this.#db.transaction(() => {
      for (const n of alerts) this.#db.write("UPDATE alert SET card = ? WHERE n = ?", [card, n]);
      this.#db.write("UPDATE card SET revision = revision + 1 WHERE n = ?", [card]);
      if (loud) this.tellAgain(card, now);
    });
  }

  /** It goes to more people from now on. */
  escalate(n: number, level: number): void {
    this.#db.write("UPDATE card SET level = ? WHERE n = ?", [level, n]);
  }

  /** It is told once more, with a message of its own. */
  tellAgain(n: number, now: number): void {
    this.#db.write("UPDATE card SET telling = telling + 1, silent = 0, told_at = ? WHERE n = ?", [
      now,
      n,
    ]);
  }

  /** An admin takes it. False = it was taken already. */
  take(n: number, by: string, now: number): boolean {
    const sql = `UPDATE card SET taken_by = ?, taken_at = ?, revision = revision + 1 WHERE n = ? AND
        taken_by IS NULL AND resolved_at IS NULL`;
    return this.#db.write(sql, [by, now, n]).changes === 1;
  }

  mute(n: number, until: number): void {
    this.#db.write("UPDATE card SET muted_until = ?, revision = revision + 1 WHERE n = ?", [
      until,
      n,
    ]);
  }

  /** Ends the mute of a card; its messages say so. */
  unmute(n: number): void {
    this.#db.write(
      `UPDATE card SET muted_until = NULL, revision = revision + 1 WHERE n = ? AND muted_until IS
        NOT NULL AND resolved_at IS NULL`,
      [n],
    );
  }

  /** Ends the mutes whose time is over. */
  endMutes(now: number): void {
    this.#db.write(
      `UPDATE card SET muted_until = NULL, revision = revision + 1 WHERE muted_until <= ? AND
        resolved_at IS NULL`,
      [now],
    );
  }

  unmuteAll(): void {
    this.#db.write(
      `UPDATE card SET muted_until = NULL, revision = revision + 1 WHERE muted_until IS NOT
        NULL AND resolved_at IS NULL`,
    );
  }

  toldBySecondPath(n: number, now: number): void {
    this.#db.write("UPDATE card SET second_path_at = ? WHERE n = ?", [now, n]);
  }

  delivery(card: number, chat: string): Delivery | null {
    return (
      this.#db.readOne<Delivery>("SELECT * FROM delivery WHERE card = ? AND chat = ?", [
        card,
        chat,
      ]) ?? null
    );
  }

  /** These chats are to hear of these cards, whatever becomes of them until then. */
  owe(rows: readonly { readonly card: number; readonly chat: string }[]): void {
    const fresh = rows.filter(({ card, chat }) => !this.isOwed(card, chat));
    if (fresh.length === 0) return;
    this.#db.transaction(() => {
      for (const { card, chat } of fresh)
        this.#db.write("INSERT INTO owed (card, chat) VALUES (?, ?)", [card, chat]);
    });
  }

  isOwed(card: number, chat: string): boolean {
    return (
      this.#db.readOne("SELECT 1 AS owed FROM owed WHERE card = ? AND chat = ?", [card, chat]) !==
      undefined
    );
  }

  /**
   * A chat that cannot be written to is owed nothing: open cards become due again when it is
   * reachable.
   */
  forgive(chat: string): void {
    this.#db.write("DELETE FROM owed WHERE chat = ?", [chat]);
  }

  delivered(row: Delivery): void {
    const sql = `INSERT INTO delivery (card, chat, message, telling, revision, digest, ended, shown)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (card, chat) DO UPDATE SET message =
        excluded.message, telling = excluded.telling, revision = excluded.revision, digest =
        excluded.digest, ended = excluded.ended, shown = excluded.shown`;
    this.#db.write(sql, [
      row.card,
      row.chat,
      row.message,
      row.telling,
      row.revision,
      row.digest,
      row.ended,
      row.shown,
    ]);
    this.#db.write("DELETE FROM owed WHERE card = ? AND chat = ?", [row.card, row.chat]);
  }

  /** Writes down what a message shows, together with what else is true then. */
  deliverAll(rows: readonly Delivery[], also: () => void): void {
    this.#db.transaction(() => {
      for (const row of rows) this.delivered(row);
      also();
    });
  }

  /** Cards that a message shows: one, several in a digest, none when it is no alert. */
  byMessage(chat: string, message: number): CardRow[] {
    return this.#rows("n IN (SELECT card FROM delivery WHERE chat = ? AND message = ?)", [
      chat,
      message,
    ]);
  }

  /** Chats that show this card. */
  chatsOf(card: number): string[] {
    return this.#db
      .read<{ chat: string }>("SELECT chat FROM delivery WHERE card = ?", [card])
      .map((row) => row.chat);
  }

  #rows(where: string, values: readonly (string | number)[]): CardRow[] {
    return this.#db
      .read<RawCard>(`SELECT * FROM card WHERE ${where} ORDER BY n`, values)
      .map((row) => ({
        n: row.n,
        openedAt: row.opened_at,
        toldAt: row.told_at,
        resolvedAt: row.resolved_at,
        takenBy: row.taken_by,
        mutedUntil: row.muted_until,
        level: row.level,
        secondPathAt: row.second_path_at,
        calm: row.calm === 1,
        silent: row.silent === 1,
        telling: row.telling,
        revision: row.revision,
        alerts: this.#alerts.ofCard(row.n),
      }));
  }
}
