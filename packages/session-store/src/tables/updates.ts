import { bareChannel } from "@flotilla/kernel";
import { assertStillThere, type Database } from "@flotilla/sqlite";
import type { AccountRows } from "./account-rows.ts";
import type {
  CommitResult,
  InboxEvent,
  InboxKind,
  InboxRow,
  MessageContent,
  OutageRow,
  UpdateBatch,
} from "./inbox-types.ts";
import { SourceRows } from "./source-rows.ts";
import type { TelegramClock } from "./telegram-clock.ts";
import type { ChannelState, UpdateState } from "./types.ts";

interface Row {
  readonly n: number;
  readonly kind: InboxKind;
  readonly box: string;
  readonly chat: string;
  readonly message_id: number;
  readonly version: number;
  readonly date: number;
  readonly content: string | null;
  readonly received_at: number;
}

const INSERT = `INSERT INTO inbox (kind, box, chat, message_id, version, date, content, received_at, state)
  VALUES (:kind, :box, :chat, :messageId, :version, :date, :content, :now, :state) ON CONFLICT DO NOTHING`;

/**
 * Where the account stands in its update streams, and the inbox: what arrived and is not dealt with
 * yet. The cursors and the rows that they stand for are written in one transaction, so a crash at
 * any point loses nothing and doubles nothing (promise S2-48, invariant 3). All methods are
 * synchronous and durable when they return; AppError `sqlite-*`.
 */
export class UpdateTable {
  readonly sources: SourceRows;
  readonly #db: Database;
  readonly #account: AccountRows;
  readonly #clock: TelegramClock;

  constructor(db: Database, account: AccountRows, clock: TelegramClock) {
    this.#db = db;
    this.#account = account;
    this.#clock = clock;
    this.sources = new SourceRows(db);
  }

  /** Position of the account's own box, or null when that was never learned. */
  account(): UpdateState | null {
    return this.#account.updateState();
  }

  /** Date of the first position that was ever known here, in seconds since the Unix epoch. */
  floor(): number {
    return this.#account.floor();
  }

  /** Positions of its channels. */
  channels(): ChannelState[] {
    return this.#account.channels();
  }

  /**
   * Writes events and the cursors that cover them, all or nothing. An event that is there already
   * changes nothing. What happened in a chat that `wants` says no to is noted by its ids alone and
   * is never pending.
   */
  commit(batch: UpdateBatch, wants: (chat: string) => boolean): CommitResult {
    assertStillThere(this.#db);
    return this.#db.transaction("updates", () => {
      let inserted = 0;
      let messages = 0;
      const now = this.#clock.stamp();
      for (const event of batch.events ?? []) {
        if (!this.#insert(event, wants, now)) continue;
        inserted += 1;
        if (event.kind === "new") messages += 1;
      }
      for (const { chat, topId, topDate } of batch.baselines ?? [])
        this.sources.baseline(chat, topId, topDate);
      for (const channel of batch.channels ?? []) this.#account.moveChannel(channel);
      if (batch.account) this.#account.writeUpdateState(batch.account);
      return { inserted, messages };
    });
  }

  /**
   * Rows that are not dealt with, oldest first, from after row `after` on. They are given again
   * until {@link done} names them: a consumer must tolerate a second delivery.
   */
  pending(limit: number, after = 0): InboxRow[] {
    const sql = "SELECT * FROM inbox WHERE state = 'pending' AND n > ? ORDER BY n LIMIT ?";
    return this.#db.read<Row>(sql, [after, limit]).map(toInboxRow);
  }

  /** Number of rows that are not dealt with. */
  pendingCount(): number {
    return (
      this.#db.readOne<{ n: number }>("SELECT count(*) AS n FROM inbox WHERE state = 'pending'")
        ?.n ?? 0
    );
  }

  /**
   * These are dealt with. What they say is forgotten at once; that they were there is kept until
   * {@link prune}.
   */
  done(rows: readonly number[]): void {
    if (rows.length === 0) return;
    this.#db.transaction("inbox-done", () => {
      for (const n of rows)
        this.#db.write("UPDATE inbox SET state = 'done', content = NULL WHERE n = ?", [n]);
    });
  }

  /**
   * Forgets some rows that were dealt with longer ago than `keepMs`, by Telegram's clock. Returns
   * how many; none: that was all.
   */
  prune(keepMs: number, limit: number): number {
    const before = this.#clock.before(keepMs);
    const sql =
      "DELETE FROM inbox WHERE n IN (SELECT n FROM inbox WHERE state = 'done' AND received_at < ? LIMIT ?)";
    return this.#db.write(sql, [before, limit]).changes;
  }

  /** Whether this message was ever received and not pruned. */
  has(box: string, messageId: number): boolean {
    const sql = "SELECT 1 AS found FROM inbox WHERE box = ? AND message_id = ? AND kind = 'new'";
    return this.#db.readOne(sql, [box, messageId]) !== undefined;
  }

  /** How many new messages of a chat came after one of them. */
  countAfter(chat: string, messageId: number): number {
    const sql =
      "SELECT count(*) AS n FROM inbox WHERE chat = ? AND kind = 'new' AND message_id > ?";
    return this.#db.readOne<{ n: number }>(sql, [chat, messageId])?.n ?? 0;
  }

  /** Remembers an outage that is over. */
  addOutage({ beganAt, endedAt, recovered, lost }: OutageRow): void {
    const sql = `INSERT INTO outage (began_at, ended_at, recovered, lost) VALUES (:beganAt, :endedAt,
        :recovered, :lost)`;
    this.#db.write(sql, { beganAt, endedAt, recovered, lost });
  }

  /** The latest outages, newest first. */
  outages(limit: number): OutageRow[] {
    const sql =
      "SELECT began_at AS beganAt, ended_at AS endedAt, recovered, lost FROM outage ORDER BY n DESC LIMIT ?";
    return this.#db.read<OutageRow>(sql, [limit]);
  }

  #insert(event: InboxEvent, wants: (chat: string) => boolean, now: number): boolean {
    const chat = event.chat ?? this.#chatOf(event);
    if (chat === null) return false;
    const wanted = wants(chat);
    const { kind, box, messageId, version, date } = event;
    const { changes } = this.#db.write(INSERT, {
      kind,
      box,
      chat,
      messageId,
      version,
      date,
      content: wanted && event.content ? JSON.stringify(event.content) : null,
      now,
      state: wanted ? "pending" : "done",
    });
    if (changes > 0 && kind === "new") this.sources.saw(chat, messageId, date);
    return changes > 0;
  }

  /**
   * A deletion in the account's box names messages only; ids are unique in there. What the inbox
   * has forgotten by then is still in the map of what was relayed.
   */
  #chatOf({ box, messageId }: InboxEvent): string | null {
    const seen = "SELECT chat FROM inbox WHERE box = ? AND message_id = ? LIMIT 1";
    const found = this.#db.readOne<{ chat: string }>(seen, [box, messageId]);
    if (found) return found.chat;
    const relayed = this.#db.read<{ chat: string }>(
      "SELECT DISTINCT chat FROM relay_map WHERE message = ?",
      [messageId],
    );
    return relayed.find(({ chat }) => bareChannel(chat) === null)?.chat ?? null;
  }
}

function toInboxRow(row: Row): InboxRow {
  const { n, kind, box, chat, version, date } = row;
  const content = row.content === null ? null : (JSON.parse(row.content) as MessageContent);
  return {
    n,
    kind,
    box,
    chat,
    messageId: row.message_id,
    version,
    date,
    content,
    receivedAt: row.received_at,
  };
}
