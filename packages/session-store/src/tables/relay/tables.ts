import type { Database } from "@flotilla/sqlite";
import type { TelegramClock } from "../telegram-clock.ts";
import type { UpdateTable } from "../updates.ts";
import { DeliveryMap } from "./delivery-map.ts";
import { Outbox } from "./outbox.ts";
import { SentMemory } from "./sent-memory.ts";

/** The routes of this reader as the bot last sent them. */
export interface StoredRoutes {
  readonly version: number;
  /** JSON. */
  readonly body: string;
}

/**
 * What this account relays. A message moves from the inbox to the outbox in one transaction, and
 * from there to the map in one more, so that a crash at any point loses nothing; keys make a second
 * try of the same step harmless (invariant 3). Synchronous and durable; AppError `sqlite-*`.
 */
export class RelayTables {
  readonly map: DeliveryMap;
  readonly outbox: Outbox;
  /** As a sender for others. */
  readonly sent: SentMemory;
  readonly #db: Database;
  readonly #clock: TelegramClock;

  constructor(db: Database, updates: UpdateTable, clock: TelegramClock) {
    this.#db = db;
    this.#clock = clock;
    this.map = new DeliveryMap(db);
    this.outbox = new Outbox(db, { updates, clock, map: this.map });
    this.sent = new SentMemory(db, clock);
  }

  /** The routes as they were last told, or null. */
  routes(): StoredRoutes | null {
    return this.#db.readOne<StoredRoutes>("SELECT version, body FROM relay_routes") ?? null;
  }

  /**
   * Keeps routes, unless newer ones are known. Those with a version beyond `latest` count for
   * nothing. Returns whether they were taken.
   */
  setRoutes({ version, body }: StoredRoutes, latest = Number.MAX_SAFE_INTEGER): boolean {
    if (version > latest) return false;
    const sql = `INSERT INTO relay_routes VALUES (1, :version, :body)
      ON CONFLICT (one) DO UPDATE SET version = :version, body = :body WHERE version < :version OR version > :latest`;
    return this.#db.write(sql, { version, body, latest }).changes > 0;
  }

  /**
   * Forgets some of what was done longer ago than `keepMs`, by Telegram's clock. Returns how many
   * rows went; none: that was all.
   */
  prune(keepMs: number, limit: number): number {
    const before = this.#clock.before(keepMs);
    const tables = [this.outbox, this.map, this.sent];
    return this.#db.transaction("relay-prune", () =>
      tables.reduce((sum, table) => sum + table.prune(before, limit), 0),
    );
  }
}
