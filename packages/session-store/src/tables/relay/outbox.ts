import type { Database } from "@flotilla/sqlite";
import type {
  DeliveredId,
  NewOutboxRow,
  OutboxKind,
  OutboxRow,
  TargetPlace,
} from "../outbox-types.ts";
import type { TelegramClock } from "../telegram-clock.ts";
import type { UpdateTable } from "../updates.ts";
import type { DeliveryMap } from "./delivery-map.ts";

interface Row {
  readonly n: number;
  readonly lane: string;
  readonly route: string;
  readonly key: string;
  readonly kind: OutboxKind;
  readonly album: string | null;
  readonly payload: string | null;
  readonly attempts: number;
  readonly reason: string | null;
  readonly source_at: number;
  readonly created_at: number;
  readonly ready_at: number;
  readonly sealed: number;
}

const COLUMNS =
  "n, lane, route, key, kind, album, payload, attempts, reason, source_at, created_at, ready_at, sealed";

/** Tables that a row of the outbox comes from and goes to. */
interface OutboxDeps {
  readonly updates: UpdateTable;
  readonly clock: TelegramClock;
  readonly map: DeliveryMap;
}

/**
 * What waits to be delivered, was set aside, or is done, by lane. Texts are forgotten as soon as
 * they are delivered.
 */
export class Outbox {
  readonly #db: Database;
  readonly #deps: OutboxDeps;

  constructor(db: Database, deps: OutboxDeps) {
    this.#db = db;
    this.#deps = deps;
  }

  /**
   * Takes rows out of the inbox and puts what follows from them into the outbox, all or nothing.
   * `counts` are added per route. Returns how many rows were written.
   */
  take(
    inbox: readonly number[],
    rows: readonly NewOutboxRow[],
    counts: readonly (readonly [route: string, name: string])[],
  ): number {
    return this.#db.transaction("relay-take", () => {
      const written = rows.filter((row) => this.#insert(row)).length;
      for (const [route, name] of counts) this.#count(route, name);
      this.#deps.updates.done(inbox);
      return written;
    });
  }

  /** The oldest waiting row of each lane, in no particular order. */
  heads(): OutboxRow[] {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE n IN (SELECT min(n) FROM outbox WHERE state =
      'waiting' GROUP BY lane)`;
    return this.#db.read<Row>(sql).map(toOutboxRow);
  }

  /** The oldest waiting row of one lane, or of those behind row `after`; or null. */
  head(lane: string, after = 0): OutboxRow | null {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE state = 'waiting' AND lane = ? AND n > ? ORDER BY n
      LIMIT 1`;
    const row = this.#db.readOne<Row>(sql, [lane, after]);
    return row ? toOutboxRow(row) : null;
  }

  /** Whether a later message of the same chat waits near behind this one. */
  isFollowed({ lane, n, key }: OutboxRow): boolean {
    const chat = key.slice(0, key.indexOf("/"));
    const sql = `SELECT 1 AS found FROM
      (SELECT key FROM outbox WHERE lane = ? AND n > ? AND state = 'waiting' AND kind = 'new' ORDER BY n LIMIT 20)
      WHERE key LIKE ? LIMIT 1`;
    return this.#db.readOne(sql, [lane, n, `${chat}/%`]) !== undefined;
  }

  /** One row that waits or was set aside, or null. */
  row(n: number): OutboxRow | null {
    const row = this.#db.readOne<Row>(
      `SELECT ${COLUMNS} FROM outbox WHERE n = ? AND state IN ('waiting', 'poison')`,
      [n],
    );
    return row ? toOutboxRow(row) : null;
  }

  /**
   * From now on a row takes no more messages and no newer text: it is under way, and a second try
   * must be the same.
   */
  seal(n: number): void {
    this.#db.write("UPDATE outbox SET sealed = 1 WHERE n = ? AND sealed = 0", [n]);
  }

  /** A whole album was judged and is taken: it is sealed and counted, with what it brings along. */
  takeAlbum({ n, route }: OutboxRow, along: readonly NewOutboxRow[]): void {
    this.#db.transaction("relay-album", () => {
      this.seal(n);
      this.#count(route, "matched");
      for (const row of along) this.#insert(row);
    });
  }

  /**
   * A row is not wanted after all: it never was in the outbox, so that an admin may ask for it
   * later.
   */
  leaveOut({ n, route }: OutboxRow, reason: string): void {
    this.#db.transaction("relay-leave-out", () => {
      this.#db.write("DELETE FROM outbox WHERE n = ?", [n]);
      this.#count(route, reason);
    });
  }

  /** Whether anything of a route waits or was set aside. */
  heldBack(route: string): boolean {
    const sql =
      "SELECT 1 AS found FROM outbox WHERE route = ? AND state IN ('waiting', 'poison') LIMIT 1";
    return this.#db.readOne(sql, [route]) !== undefined;
  }

  /** Whether a message of a source is, or was, in the outbox of a route as a new one. */
  hasNew(route: string, chat: string, message: number, album: string | null): boolean {
    const sql = `SELECT 1 AS found FROM outbox
      WHERE lane = :route AND key = :key AND state <> 'dropped'
      UNION ALL SELECT 1 FROM outbox WHERE lane = :route AND album = :album
      AND album IS NOT NULL AND kind = 'new' AND state <> 'dropped' LIMIT 1`;
    return this.#db.readOne(sql, { route, key: newKey(chat, message), album }) !== undefined;
  }

  /** Whether other messages of its album were taken before: what comes late goes with them. */
  isOfTaken({ n, lane, album }: OutboxRow): boolean {
    const sql = `SELECT 1 AS found FROM outbox
      WHERE lane = ? AND album = ? AND album IS NOT NULL AND kind = 'new' AND n <> ?
      AND sealed = 1 AND state <> 'dropped' LIMIT 1`;
    return this.#db.readOne(sql, [lane, album, n]) !== undefined;
  }

  /**
   * Delivered, or found to need no delivery (`count` says which): its text is forgotten, its ids
   * are kept.
   */
  finish(
    row: OutboxRow,
    to: TargetPlace,
    ids: readonly DeliveredId[],
    count: string,
    more: Readonly<Record<string, number>> = {},
  ): void {
    const now = this.#deps.clock.stamp();
    this.#db.transaction("relay-finish", () => {
      const sql = `UPDATE outbox SET state = 'done', payload = NULL, reason = NULL, done_at = ? WHERE n =
          ? AND state <> 'done'`;
      if (this.#db.write(sql, [now, row.n]).changes === 0) return;
      for (const id of ids) this.#deps.map.put(row.route, to, id, now);
      this.#count(row.route, count);
      for (const [name, n] of Object.entries(more)) if (n > 0) this.#count(row.route, name, n);
    });
  }

  /** Tried and not delivered: the row keeps its place. */
  failed(n: number, attempts: number, reason: string): void {
    this.#db.write("UPDATE outbox SET attempts = ?, reason = ? WHERE n = ?", [attempts, reason, n]);
  }

  /** Set aside for a person, so that those behind it can go on. */
  setAside(row: OutboxRow, reason: string): void {
    this.#db.transaction("relay-poison", () => {
      const sql =
        "UPDATE outbox SET state = 'poison', reason = ? WHERE n = ? AND state = 'waiting'";
      if (this.#db.write(sql, [reason, row.n]).changes > 0) this.#count(row.route, "poison");
    });
  }

  /** What was set aside on a route waits again, in its old order. Returns how many. */
  retryPoison(route: string): number {
    const sql =
      "UPDATE outbox SET state = 'waiting', attempts = 0, reason = NULL WHERE route = ? AND state = 'poison'";
    return this.#db.write(sql, [route]).changes;
  }

  /** What was set aside on a route is given up, and its text forgotten. Returns how many. */
  dropPoison(route: string): number {
    const sql =
      "UPDATE outbox SET state = 'dropped', payload = NULL, done_at = ? WHERE route = ? AND state = 'poison'";
    return this.#db.write(sql, [this.#deps.clock.stamp(), route]).changes;
  }

  /**
   * Gives up some of what waits on a route that no longer exists. Returns how many; fewer than
   * `limit`: that was all.
   */
  dropRoute(route: string, limit: number): number {
    const sql = `UPDATE outbox SET state = 'dropped', payload = NULL, done_at = ? WHERE n IN
      (SELECT n FROM outbox WHERE route = ? AND state IN ('waiting', 'poison') LIMIT ?)`;
    return this.#db.write(sql, [this.#deps.clock.stamp(), route, limit]).changes;
  }

  /** The oldest rows that were set aside on a route. */
  poison(route: string, limit: number): OutboxRow[] {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE route = ? AND state = 'poison' ORDER BY n LIMIT ?`;
    return this.#db.read<Row>(sql, [route, limit]).map(toOutboxRow);
  }

  /** How many rows wait or are set aside, by route. */
  depths(): { readonly route: string; readonly waiting: number; readonly poison: number }[] {
    return this.#db.read(
      "SELECT route, waiting, poison FROM relay_depth WHERE waiting > 0 OR poison > 0",
    );
  }

  /**
   * How long the latest deliveries of new messages took, from Telegram's time stamp on, in
   * milliseconds; and when they were done.
   */
  deliveries(route: string, limit: number): { readonly tookMs: number; readonly doneAt: number }[] {
    return this.#db.read(
      `SELECT done_at - source_at AS tookMs, done_at AS doneAt FROM outbox
       WHERE route = ? AND state = 'done' AND kind = 'new' ORDER BY done_at DESC LIMIT ?`,
      [route, limit],
    );
  }

  /** What was counted on a route since it exists. */
  counts(route: string): Readonly<Record<string, number>> {
    const rows = this.#db.read<{ name: string; n: number }>(
      "SELECT name, n FROM relay_count WHERE route = ?",
      [route],
    );
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  /**
   * Forgets some of what was done before `before` (milliseconds since the Unix epoch). Returns how
   * many rows went.
   */
  prune(before: number, limit: number): number {
    const over =
      "SELECT n FROM outbox WHERE created_at < ? AND state IN ('done', 'dropped') LIMIT ?";
    return this.#db.write(`DELETE FROM outbox WHERE n IN (${over})`, [before, limit]).changes;
  }

  #insert(row: NewOutboxRow): boolean {
    if (row.kind === "edit" || row.kind === "delete") this.#follow(row, null);
    if (row.kind === "edit" && this.#editAlbum(row)) return true;
    if (row.album !== null && this.#append(row)) return true;
    if (row.kind === "edit" && this.#replaceEdit(row)) return true;
    const { lane, route, key, kind, album, sourceAt, readyAt } = row;
    // What was given up is wanted again.
    this.#db.write("DELETE FROM outbox WHERE lane = ? AND key = ? AND state = 'dropped'", [
      lane,
      key,
    ]);
    const sql = `INSERT INTO outbox
      (lane, route, key, kind, album, payload, state, source_at, created_at, ready_at)
      VALUES (:lane, :route, :key, :kind, :album, :payload, 'waiting', :sourceAt, :now, :readyAt)
      ON CONFLICT DO NOTHING`;
    const payload = JSON.stringify([row.piece]);
    const { changes } = this.#db.write(sql, {
      lane,
      route,
      key,
      kind,
      album,
      payload,
      sourceAt,
      now: this.#deps.clock.stamp(),
      readyAt,
    });
    // An album is counted when it was judged.
    if (changes > 0 && album === null && (kind === "new" || kind === "alert"))
      this.#count(route, kind === "new" ? "matched" : "alerts");
    return changes > 0;
  }

  /**
   * An edit or a deletion has its turn and nothing was delivered of its message: what was set aside
   * of it, or is in doubt (row `doubted`), follows.
   */
  follow(row: OutboxRow, doubted: number | null): void {
    const [piece] = row.pieces;
    if (piece !== undefined)
      this.#db.transaction("relay-follow", () => this.#follow({ ...row, piece }, doubted));
  }

  /**
   * What was set aside follows its source: a retry must not bring back an old text, or a message
   * that is gone.
   */
  #follow(
    { route, key, kind, piece }: Pick<NewOutboxRow, "route" | "key" | "kind" | "piece">,
    doubted: number | null,
  ): void {
    const [chat = "", message = ""] = key.split("/");
    const find = `SELECT ${COLUMNS} FROM outbox WHERE n = :doubted AND state = 'waiting'
      UNION ALL SELECT ${COLUMNS} FROM outbox WHERE route = :route AND state = 'poison' AND
      (key = :new OR (kind = 'new' AND album IS NOT NULL)
        OR (kind = 'edit' AND key BETWEEN :edits AND :end AND key <> :key))`;
    const edits = `${chat}/${message}/edit/`;
    const values = {
      doubted,
      route,
      key,
      new: newKey(chat, Number(message)),
      edits,
      end: `${edits}:`,
    };
    for (const row of this.#db.read<Row>(find, values).map(toOutboxRow)) {
      const pieces = row.pieces.flatMap((text) => {
        if (!isAbout(text, chat, Number(message))) return [text];
        if (kind === "edit" && row.kind === "new") return [piece];
        return [];
      });
      if (pieces.length === 0)
        this.#db.write("UPDATE outbox SET state = 'dropped', payload = NULL WHERE n = ?", [row.n]);
      else
        this.#db.write("UPDATE outbox SET payload = ? WHERE n = ?", [
          JSON.stringify(pieces),
          row.n,
        ]);
    }
  }

  /** An album that was not judged yet is judged by what its messages say by then. */
  #editAlbum({ lane, piece }: NewOutboxRow): boolean {
    const {
      chat,
      id,
      groupedId = null,
    } = JSON.parse(piece) as { chat: string; id: number; groupedId?: string | null };
    const album = groupedId === null ? undefined : this.#open(lane, `${chat}/${groupedId}`, "new");
    const known = album?.pieces.find((text) => isAbout(text, chat, id));
    if (!album || known === undefined) return false;
    const { asked } = JSON.parse(known) as { readonly asked?: boolean };
    const edited = asked === undefined ? piece : JSON.stringify({ ...JSON.parse(piece), asked });
    const pieces = album.pieces.map((text) => (text === known ? edited : text));
    this.#db.write("UPDATE outbox SET payload = ? WHERE n = ?", [JSON.stringify(pieces), album.n]);
    return true;
  }

  /** Edits of one message that wait are one: the last. */
  #replaceEdit({ lane, key, piece }: NewOutboxRow): boolean {
    const edits = key.slice(0, key.lastIndexOf("/") + 1);
    const sql = `UPDATE outbox SET payload = :payload, key = :key
      WHERE lane = :lane AND kind = 'edit' AND state = 'waiting' AND sealed = 0 AND key BETWEEN :edits AND :end AND
        NOT EXISTS (SELECT 1 FROM outbox AS known WHERE known.lane = :lane AND known.key = :key)`;
    return (
      this.#db.write(sql, { payload: JSON.stringify([piece]), key, lane, edits, end: `${edits}:` })
        .changes > 0
    );
  }

  /** Adds a message to its album, as long as that is not under way. */
  #append({ lane, album, kind, piece, readyAt }: NewOutboxRow): boolean {
    const found = album === null ? undefined : this.#open(lane, album, kind);
    if (!found) return false;
    const { n, pieces } = found;
    if (pieces.includes(piece)) return true;
    this.#db.write("UPDATE outbox SET payload = ?, ready_at = ? WHERE n = ?", [
      JSON.stringify([...pieces, piece]),
      readyAt,
      n,
    ]);
    return true;
  }

  /** The row of an album that may still change. */
  #open(lane: string, album: string, kind: OutboxKind): OutboxRow | undefined {
    const find = `SELECT ${COLUMNS} FROM outbox
      WHERE lane = ? AND album = ? AND kind = ? AND state = 'waiting' AND sealed = 0 ORDER BY n DESC LIMIT 1`;
    const found = this.#db.readOne<Row>(find, [lane, album, kind]);
    return found && toOutboxRow(found);
  }

  #count(route: string, name: string, n = 1): void {
    const sql =
      "INSERT INTO relay_count VALUES (:route, :name, :n) ON CONFLICT DO UPDATE SET n = n + :n";
    this.#db.write(sql, { route, name, n });
  }
}

function toOutboxRow(row: Row): OutboxRow {
  const { n, lane, route, key, kind, album, attempts, reason } = row;
  const pieces = row.payload === null ? [] : (JSON.parse(row.payload) as string[]);
  const times = { sourceAt: row.source_at, createdAt: row.created_at, readyAt: row.ready_at };
  return {
    n,
    lane,
    route,
    key,
    kind,
    album,
    pieces,
    attempts,
    reason,
    ...times,
    sealed: row.sealed === 1,
  };
}

/** Whether a piece of a row is this message. */
function isAbout(piece: string, chat: string, message: number): boolean {
  const known = JSON.parse(piece) as { readonly chat: string; readonly id: number };
  return known.chat === chat && known.id === message;
}

/** Key of a new message of a source. */
function newKey(chat: string, message: number): string {
  return `${chat}/${message}/new`;
}
