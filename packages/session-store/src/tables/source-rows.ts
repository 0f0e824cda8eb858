import type { Database } from "@flotilla/sqlite";
import type { SourceRow } from "./inbox-types.ts";

/**
 * So many gaps between messages are remembered for the rhythm, and fewer than the second number
 * give none.
 */
const GAPS_KEPT = 20;
const GAPS_NEEDED = 5;
/** Shortest silence that is remembered, how long it is kept, and how many are kept. */
const SILENCE_MS = 3_600_000;
const SILENCES_FOR_MS = 14 * 86_400_000;
const SILENCES_KEPT = 100;

interface Row {
  readonly chat: string;
  readonly last_message_id: number;
  readonly last_message_at: number;
  readonly gaps: string;
  readonly silences: string;
  readonly closed: string | null;
}

const UPSERT = `INSERT INTO source (chat, last_message_id, last_message_at, gaps, silences)
  VALUES (:chat, :id, :at, :gaps, :silences)
  ON CONFLICT (chat) DO UPDATE SET
    last_message_id = :id, last_message_at = :at, gaps = :gaps, silences = :silences`;

/**
 * The newest message of each chat, and how often they come. Call the writing methods inside a
 * transaction.
 */
export class SourceRows {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A message was stored. Older ones than the newest change nothing. */
  saw(chat: string, messageId: number, at: number): void {
    const row = this.#row(chat);
    if (row && row.last_message_id >= messageId) return;
    const before = row && row.last_message_at > 0 ? row : null;
    const gaps = before
      ? [...gapsOf(before), Math.max(0, at - before.last_message_at)].slice(-GAPS_KEPT)
      : [];
    this.#write({
      chat,
      id: messageId,
      at,
      gaps,
      silences: before ? silencesAfter(before, at) : [],
    });
  }

  /**
   * The newest message that the server has, for a chat that is not known yet: what came before it
   * is not ours to fetch.
   */
  baseline(chat: string, messageId: number, at: number): void {
    if (!this.#row(chat)) this.#write({ chat, id: messageId, at, gaps: [], silences: [] });
  }

  close(chat: string, reason: string): void {
    const sql = `INSERT INTO source (chat, last_message_id, last_message_at, gaps, closed)
      VALUES (:chat, 0, 0, '[]', :reason)
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
    return this.#db
      .read<Row>("SELECT * FROM source WHERE closed IS NOT NULL ORDER BY chat")
      .map(toSource);
  }

  /** How many chats are closed. */
  closedCount(): number {
    return (
      this.#db.readOne<{ n: number }>("SELECT count(*) AS n FROM source WHERE closed IS NOT NULL")
        ?.n ?? 0
    );
  }

  #row(chat: string): Row | undefined {
    return this.#db.readOne<Row>("SELECT * FROM source WHERE chat = ?", [chat]);
  }

  #write({ chat, id, at, gaps, silences }: Newest): void {
    this.#db.write(UPSERT, {
      chat,
      id,
      at,
      gaps: JSON.stringify(gaps),
      silences: JSON.stringify(silences),
    });
  }
}

interface Newest extends Pick<SourceRow, "silences"> {
  readonly chat: string;
  readonly id: number;
  readonly at: number;
  readonly gaps: readonly number[];
}

/** With the one that the message of `at` ends, if it was long; old ones are forgotten. */
function silencesAfter(row: Row, at: number): SourceRow["silences"] {
  const from = row.last_message_at;
  const kept = silencesOf(row).filter((silence) => silence.from > at - SILENCES_FOR_MS);
  if (at - from < SILENCE_MS) return kept;
  return [...kept, { from, ms: at - from }].slice(-SILENCES_KEPT);
}

function silencesOf(row: Row): SourceRow["silences"] {
  return JSON.parse(row.silences) as SourceRow["silences"];
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
    silences: silencesOf(row),
    closed: row.closed,
  };
}
