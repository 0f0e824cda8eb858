import type { Database } from "@flotilla/sqlite";
import { z } from "zod";

/**
 * Daily hours, in minutes since midnight on this machine; they may cross midnight. Equal = never.
 */
export interface QuietHours {
  readonly fromMin: number;
  readonly toMin: number;
}

const Settings = z.object({
  /** Hours in which only red alerts are told. */
  quiet: z.object({ fromMin: z.number(), toMin: z.number() }).nullable().default(null),
  /** Everybody hears of an alert at once, instead of one after the other. */
  together: z.boolean().default(false),
  /** Chats that want their charts dark. */
  darkCharts: z.array(z.string()).default([]),
});
/** Settings that are kept in control.db, and not in `.env`. */
export type Settings = z.infer<typeof Settings>;

const Seen = z.object({ at: z.number(), stopped: z.boolean() });

const BotsTold = z.object({
  /** The host of the bot that is active. */
  host: z.string(),
  /** The bots that wait: host by id of the process. */
  standbys: z.record(z.string(), z.string()),
});
/** What the chat was told of the bots of a fleet. */
export type BotsTold = z.infer<typeof BotsTold>;

/** What owners set for the whole fleet. */
export class SettingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): Settings {
    const rows = this.#db.read<{ name: string; value: string }>("SELECT name, value FROM setting");
    const values = Object.fromEntries(rows.map((row) => [row.name, JSON.parse(row.value)]));
    return Settings.safeParse(values).data ?? { quiet: null, together: false, darkCharts: [] };
  }

  setQuiet(quiet: QuietHours | null): void {
    this.#set("quiet", quiet);
  }

  setTogether(together: boolean): void {
    this.#set("together", together);
  }

  setDarkCharts(chat: string, dark: boolean): void {
    const others = this.all().darkCharts.filter((each) => each !== chat);
    this.#set("darkCharts", dark ? [...others, chat] : others);
  }

  /** Which fleet this is, or null: none was made yet. Stored as JSON; the reader parses it. */
  fleet(): unknown {
    const row = this.#db.readOne<{ value: string }>(
      "SELECT value FROM setting WHERE name = 'fleet'",
    );
    return row ? JSON.parse(row.value) : null;
  }

  keepFleet(fleet: object): void {
    this.#set("fleet", fleet);
  }

  /**
   * When the bot last ran, and whether it was stopped as it should be then; null = nothing is
   * known.
   */
  seen(): z.infer<typeof Seen> | null {
    const row = this.#db.readOne<{ value: string }>(
      "SELECT value FROM setting WHERE name = 'seen'",
    );
    return row ? (Seen.safeParse(JSON.parse(row.value)).data ?? null) : null;
  }

  keepSeen(seen: z.infer<typeof Seen>): void {
    this.#set("seen", seen);
  }

  /** What the chat was told of the bots of this fleet; null = nothing yet. */
  botsTold(): BotsTold | null {
    const row = this.#db.readOne<{ value: string }>(
      "SELECT value FROM setting WHERE name = 'bots'",
    );
    return row ? (BotsTold.safeParse(JSON.parse(row.value)).data ?? null) : null;
  }

  keepBotsTold(told: BotsTold): void {
    this.#set("bots", told);
  }

  /** This database was used before. */
  isUsed(): boolean {
    return (
      this.#db.readOne(
        "SELECT 1 FROM admin UNION SELECT 1 FROM worker UNION SELECT 1 FROM seen_event LIMIT 1",
      ) !== undefined
    );
  }

  #set(name: keyof Settings | "fleet" | "seen" | "bots", value: unknown): void {
    const sql = `INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value
        = excluded.value`;
    this.#db.write(sql, [name, JSON.stringify(value)]);
  }
}
