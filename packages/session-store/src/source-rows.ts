import type { Database } from "@flotilla/sqlite";
import type { SourceRow } from "./inbox-types.ts";

/** So many gaps between messages are remembered for the rhythm, and fewer than the second number give none. */
const GAPS_KEPT = 20;
const GAPS_NEEDED = 5;

interface Row {
  readonly chat: string;
  readonly last_message_id: number;
  readonly last_message_at: number;
  readonly gaps: string;
  readonly closed: string | null;
}

const UPSERT = `INSERT INTO source (chat, last_message_id, last_message_at, gaps) VALUES (:chat, :id, :at, :gaps)
  ON CONFLICT (chat) DO UPDATE SET last_message_id = :id, last_message_at = :at, gaps = :gaps`;

/** The newest message of each chat, and how often they come. Call the writing methods inside a transaction. */
export class SourceRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A message was stored. Older ones than the newest change nothing. */
  saw(chat: string, messageId: number, at: number): void {
    const row = this.#row(chat);
    if (row && row.last_message_id >= messageId) return;
    const known = row && row.last_message_at > 0 ? [...gapsOf(row), Math.max(0, at - row.last_message_at)] : [];
    this.#write(chat, messageId, at, known.slice(-GAPS_KEPT));
  }

  /** The newest message that the server has, for a chat that is not known yet: what came before it is not ours to fetch. */
  baseline(chat: string, messageId: number, at: number): void {
    if (!this.#row(chat)) this.#write(chat, messageId, at, []);
  }

  close(chat: string, reason: string): void {
    const sql = `INSERT INTO source (chat, last_message_id, last_message_at, gaps, closed) VALUES (:chat, 0, 0, '[]', :reason)
      ON CONFLICT (chat) DO UPDATE SET closed = :reason`;
    this.#db.write(sql, { chat, reason });
  }

  reopen(chat: string): void {
    this.#db.write("UPDATE source SET closed = NULL WHERE chat = ?", [chat]);
  }

  get(chat: string): SourceRow | null {
    const row = this.#row(chat);
    return row ? toSource(row) : null;
  }

  all(): SourceRow[] {
    return this.#db.read<Row>("SELECT * FROM source ORDER BY last_message_at DESC").map(toSource);
  }

  /** The closed ones. */
  closed(): SourceRow[] {
    return this.#db.read<Row>("SELECT * FROM source WHERE closed IS NOT NULL ORDER BY chat").map(toSource);
  }

  /** How many chats are closed. */
  closedCount(): number {
    return this.#db.readOne<{ n: number }>("SELECT count(*) AS n FROM source WHERE closed IS NOT NULL")?.n ?? 0;
  }

  #row(chat: string): Row | undefined {
    return this.#db.readOne<Row>("SELECT * FROM source WHERE chat = ?", [chat]);
  }

  #write(chat: string, id: number, at: number, gaps: readonly number[]): void {
    this.#db.write(UPSERT, { chat, id, at, gaps: JSON.stringify(gaps) });
  }
}

function gapsOf(row: Row): number[] {
  return JSON.parse(row.gaps) as number[];
}

function toSource(row: Row): SourceRow {
  const gaps = gapsOf(row).sort((a, b) => a - b);
  const rhythmMs = gaps.length < GAPS_NEEDED ? null : (gaps[Math.floor(gaps.length / 2)] ?? null);
  return {
    chat: row.chat,
    lastMessageId: row.last_message_id,
    lastMessageAt: row.last_message_at,
    rhythmMs,
    closed: row.closed,
  };
}
