import type { Database } from "@flotilla/sqlite";
import type {
  DeliveredId,
  MapTarget,
  NewOutboxRow,
  OutboxKind,
  OutboxRow,
  PartPlace,
  SentIds,
  TargetPlace,
} from "./outbox-types.ts";
import type { UpdateTable } from "./updates.ts";

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

/** The routes of this reader as the bot last sent them. */
export interface StoredRoutes {
  readonly version: number;
  /** JSON. */
  readonly body: string;
}

const COLUMNS = "n, lane, route, key, kind, album, payload, attempts, reason, source_at, created_at, ready_at, sealed";

/**
 * What this account relays: the outbox of what shall be delivered, the map of what was, and, as a sender, what it has sent for
 * others. A message moves from the inbox to the outbox in one transaction, and from there to the map in one more, so that a
 * crash at any point loses nothing; keys make a second try of the same step harmless (invariant 3). Texts are forgotten as
 * soon as they are delivered. All methods are synchronous and durable when they return; AppError `sqlite-*`.
 */
export class RelayTable {
  readonly #db: Database;
  readonly #updates: UpdateTable;

  constructor(db: Database, updates: UpdateTable) {
    this.#db = db;
    this.#updates = updates;
  }

  /**
   * Takes rows out of the inbox and puts what follows from them into the outbox, all or nothing. `counts` are added per route. Returns how
   * many rows were written.
   */
  take(
    inbox: readonly number[],
    rows: readonly NewOutboxRow[],
    counts: readonly (readonly [route: string, name: string])[],
  ): number {
    return this.#db.transaction("relay-take", () => {
      const written = rows.filter((row) => this.#insert(row)).length;
      for (const [route, name] of counts) this.#count(route, name);
      this.#updates.done(inbox);
      return written;
    });
  }

  /** The oldest waiting row of each lane, in no particular order. */
  heads(): OutboxRow[] {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE n IN (SELECT min(n) FROM outbox WHERE state = 'waiting' GROUP BY lane)`;
    return this.#db.read<Row>(sql).map(toOutboxRow);
  }

  /** The oldest waiting row of one lane, or of those behind row `after`; or null. */
  head(lane: string, after = 0): OutboxRow | null {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE state = 'waiting' AND lane = ? AND n > ? ORDER BY n LIMIT 1`;
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
    const row = this.#db.readOne<Row>(`SELECT ${COLUMNS} FROM outbox WHERE n = ? AND state IN ('waiting', 'poison')`, [n]);
    return row ? toOutboxRow(row) : null;
  }

  /** From now on a row takes no more messages and no newer text: it is under way, and a second try must be the same. */
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

  /** A row is not wanted after all: it never was in the outbox, so that an admin may ask for it later. */
  leaveOut({ n, route }: OutboxRow, reason: string): void {
    this.#db.transaction("relay-leave-out", () => {
      this.#db.write("DELETE FROM outbox WHERE n = ?", [n]);
      this.#count(route, reason);
    });
  }

  /** Whether anything of a route waits or was set aside. */
  heldBack(route: string): boolean {
    const sql = "SELECT 1 AS found FROM outbox WHERE route = ? AND state IN ('waiting', 'poison') LIMIT 1";
    return this.#db.readOne(sql, [route]) !== undefined;
  }

  /** Whether a message of a source is, or was, in the outbox of a route as a new one. */
  hasNew(route: string, chat: string, message: number, album: string | null): boolean {
    const sql = `SELECT 1 AS found FROM outbox WHERE lane = :route AND key = :key AND state <> 'dropped'
      UNION ALL SELECT 1 FROM outbox WHERE lane = :route AND album = :album AND album IS NOT NULL AND kind = 'new' AND state <> 'dropped' LIMIT 1`;
    return this.#db.readOne(sql, { route, key: newKey(chat, message), album }) !== undefined;
  }

  /** Whether other messages of its album were taken before: what comes late goes with them. */
  isOfTaken({ n, lane, album }: OutboxRow): boolean {
    const sql = `SELECT 1 AS found FROM outbox
      WHERE lane = ? AND album = ? AND album IS NOT NULL AND kind = 'new' AND n <> ? AND sealed = 1 AND state <> 'dropped' LIMIT 1`;
    return this.#db.readOne(sql, [lane, album, n]) !== undefined;
  }

  /** A message of a source is gone from the target: nothing is known of it any more. */
  forget(route: string, chat: string, message: number): void {
    this.#db.transaction("relay-forget", () => {
      for (const table of ["relay_map", "relay_part"])
        this.#db.write(`DELETE FROM ${table} WHERE route = ? AND chat = ? AND message = ?`, [route, chat, message]);
    });
  }

  /** Marked id of the chat that the target of a route became, as far as deliveries showed it; null: it is what the route names. */
  landed(route: string, target: string): string | null {
    // Asked for each delivery, and nearly always there is nothing: the primary key would lead over all that the route delivered.
    const sql = `SELECT landed FROM relay_map INDEXED BY relay_map_landed
      WHERE route = ? AND landed IS NOT NULL AND target_chat = ? LIMIT 1`;
    return this.#db.readOne<{ landed: string }>(sql, [route, target])?.landed ?? null;
  }

  /** The other messages of a source that one message of the target stands for. */
  sharing(route: string, chat: string, message: number): number[] {
    const sql = `SELECT other.message AS id FROM relay_map AS mine JOIN relay_map AS other
      ON other.target_chat = mine.target_chat AND other.target_message = mine.target_message
      WHERE mine.route = :route AND mine.chat = :chat AND mine.message = :message
        AND other.route = :route AND other.chat = :chat AND other.message <> :message ORDER BY id`;
    return this.#db.read<{ id: number }>(sql, { route, chat, message }).map(({ id }) => id);
  }

  /** Delivered, or found to need no delivery (`count` says which): its text is forgotten, its ids are kept. */
  finish(
    row: OutboxRow,
    to: TargetPlace,
    ids: readonly DeliveredId[],
    count: string,
    more: Readonly<Record<string, number>> = {},
  ): void {
    const now = this.#updates.stamp();
    this.#db.transaction("relay-finish", () => {
      const sql =
        "UPDATE outbox SET state = 'done', payload = NULL, reason = NULL, done_at = ? WHERE n = ? AND state <> 'done'";
      if (this.#db.write(sql, [now, row.n]).changes === 0) return;
      for (const id of ids) this.#map(row.route, to, id, now);
      this.#count(row.route, count);
      for (const [name, n] of Object.entries(more)) if (n > 0) this.#count(row.route, name, n);
    });
  }

  #map(route: string, to: TargetPlace, id: DeliveredId, now: number): void {
    const { chat, message, targetMessage, rest = [], said = null, role = null, landed = null, form = null } = id;
    const sql = `INSERT OR REPLACE INTO relay_map (route, chat, message, target_chat, target_message, at, target_topic, said, role, landed, form)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#db.write(sql, [route, chat, message, to.chat, targetMessage, now, to.topic, said, role, landed, form]);
    this.#db.write("DELETE FROM relay_part WHERE route = ? AND chat = ? AND message = ?", [route, chat, message]);
    for (const [part, place] of rest.entries()) {
      if (place === "missing") continue;
      const id = place === "unknown" ? null : place;
      this.#db.write("INSERT INTO relay_part VALUES (?, ?, ?, ?, ?, ?, ?)", [route, chat, message, part, to.chat, id, now]);
    }
  }

  /** Tried and not delivered: the row keeps its place. */
  failed(n: number, attempts: number, reason: string): void {
    this.#db.write("UPDATE outbox SET attempts = ?, reason = ? WHERE n = ?", [attempts, reason, n]);
  }

  /** Set aside for a person, so that those behind it can go on. */
  setAside(row: OutboxRow, reason: string): void {
    this.#db.transaction("relay-poison", () => {
      const sql = "UPDATE outbox SET state = 'poison', reason = ? WHERE n = ? AND state = 'waiting'";
      if (this.#db.write(sql, [reason, row.n]).changes > 0) this.#count(row.route, "poison");
    });
  }

  /** What was set aside on a route waits again, in its old order. Returns how many. */
  retryPoison(route: string): number {
    const sql = "UPDATE outbox SET state = 'waiting', attempts = 0, reason = NULL WHERE route = ? AND state = 'poison'";
    return this.#db.write(sql, [route]).changes;
  }

  /** What was set aside on a route is given up, and its text forgotten. Returns how many. */
  dropPoison(route: string): number {
    const sql = "UPDATE outbox SET state = 'dropped', payload = NULL, done_at = ? WHERE route = ? AND state = 'poison'";
    return this.#db.write(sql, [this.#updates.stamp(), route]).changes;
  }

  /** Gives up some of what waits on a route that no longer exists. Returns how many; fewer than `limit`: that was all. */
  dropRoute(route: string, limit: number): number {
    const sql = `UPDATE outbox SET state = 'dropped', payload = NULL, done_at = ? WHERE n IN
      (SELECT n FROM outbox WHERE route = ? AND state IN ('waiting', 'poison') LIMIT ?)`;
    return this.#db.write(sql, [this.#updates.stamp(), route, limit]).changes;
  }

  /** The oldest rows that were set aside on a route. */
  poison(route: string, limit: number): OutboxRow[] {
    const sql = `SELECT ${COLUMNS} FROM outbox WHERE route = ? AND state = 'poison' ORDER BY n LIMIT ?`;
    return this.#db.read<Row>(sql, [route, limit]).map(toOutboxRow);
  }

  /** How many rows wait or are set aside, by route. */
  depths(): { readonly route: string; readonly waiting: number; readonly poison: number }[] {
    return this.#db.read("SELECT route, waiting, poison FROM relay_depth WHERE waiting > 0 OR poison > 0");
  }

  /** How long the latest deliveries of new messages took, from Telegram's time stamp on, in milliseconds; and when they were done. */
  deliveries(route: string, limit: number): { readonly tookMs: number; readonly doneAt: number }[] {
    return this.#db.read(
      `SELECT done_at - source_at AS tookMs, done_at AS doneAt FROM outbox
       WHERE route = ? AND state = 'done' AND kind = 'new' ORDER BY done_at DESC LIMIT ?`,
      [route, limit],
    );
  }

  /** What was counted on a route since it exists. */
  counts(route: string): Readonly<Record<string, number>> {
    const rows = this.#db.read<{ name: string; n: number }>("SELECT name, n FROM relay_count WHERE route = ?", [route]);
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  /** Where a message of a source was delivered by a route; null = it was not. */
  delivered(route: string, chat: string, message: number): MapTarget | null {
    const sql =
      "SELECT target_message AS message, target_chat AS chat, target_topic AS topic, said, role, landed, form FROM relay_map WHERE route = ? AND chat = ? AND message = ?";
    const found = this.#db.readOne<Omit<MapTarget, "rest">>(sql, [route, chat, message]);
    if (!found) return null;
    const following =
      "SELECT part, target_message AS id FROM relay_part WHERE route = ? AND chat = ? AND message = ? ORDER BY part";
    const rest: PartPlace[] = [];
    for (const { part, id } of this.#db.read<{ part: number; id: number | null }>(following, [route, chat, message])) {
      while (rest.length < part) rest.push("missing");
      rest.push(id ?? "unknown");
    }
    return { ...found, rest };
  }

  /** Was this message put there by one of this reader's routes? `chats` are the names the chat goes by. */
  isDelivery(chats: readonly string[], message: number): boolean {
    const sql = `SELECT 1 AS found FROM relay_map WHERE target_chat = :chat AND target_message = :message
      UNION ALL SELECT 1 FROM relay_part WHERE target_chat = :chat AND target_message = :message LIMIT 1`;
    return chats.some((chat) => this.#db.readOne(sql, { chat, message }) !== undefined);
  }

  /** As a sender: the ids that a step got, or null when it was not sent yet. */
  sent(key: string): SentIds | null {
    const row = this.#db.readOne<{ ids: string }>("SELECT ids FROM relay_sent WHERE key = ?", [key]);
    if (!row) return null;
    // Version 0.1 wrote the ids alone.
    const known = JSON.parse(row.ids) as SentIds | SentIds["ids"];
    return "ids" in known ? known : { ids: known };
  }

  /** As a sender: this step is done. */
  addSent(key: string, sent: SentIds): void {
    this.#db.write("INSERT OR REPLACE INTO relay_sent VALUES (?, ?, ?)", [key, JSON.stringify(sent), this.#updates.stamp()]);
  }

  /** The routes as they were last told, or null. */
  routes(): StoredRoutes | null {
    return this.#db.readOne<StoredRoutes>("SELECT version, body FROM relay_routes") ?? null;
  }

  /** Keeps routes, unless newer ones are known. Those with a version beyond `latest` count for nothing. Returns whether they were taken. */
  setRoutes({ version, body }: StoredRoutes, latest = Number.MAX_SAFE_INTEGER): boolean {
    if (version > latest) return false;
    const sql = `INSERT INTO relay_routes VALUES (1, :version, :body)
      ON CONFLICT (one) DO UPDATE SET version = :version, body = :body WHERE version < :version OR version > :latest`;
    return this.#db.write(sql, { version, body, latest }).changes > 0;
  }

  /**
   * Forgets some of what was done longer ago than `keepMs`, by Telegram's clock. Returns how many rows went; none: that was all.
   */
  prune(keepMs: number, limit: number): number {
    const before = this.#updates.before(keepMs);
    const over = "SELECT n FROM outbox WHERE created_at < ? AND state IN ('done', 'dropped') LIMIT ?";
    const mapped = "SELECT route, chat, message FROM relay_map WHERE at < ? LIMIT ?";
    return this.#db.transaction("relay-prune", () =>
      [
        `DELETE FROM outbox WHERE n IN (${over})`,
        `DELETE FROM relay_map WHERE (route, chat, message) IN (${mapped})`,
        "DELETE FROM relay_part WHERE (route, chat, message, part) IN (SELECT route, chat, message, part FROM relay_part WHERE at < ? LIMIT ?)",
        "DELETE FROM relay_sent WHERE key IN (SELECT key FROM relay_sent WHERE at < ? LIMIT ?)",
      ].reduce((sum, sql) => sum + this.#db.write(sql, [before, limit]).changes, 0),
    );
  }

  #insert(row: NewOutboxRow): boolean {
    if (row.kind === "edit" || row.kind === "delete") this.#follow(row, null);
    if (row.kind === "edit" && this.#editAlbum(row)) return true;
    if (row.album !== null && this.#append(row)) return true;
    if (row.kind === "edit" && this.#replaceEdit(row)) return true;
    const { lane, route, key, kind, album, sourceAt, readyAt } = row;
    // What was given up is wanted again.
    this.#db.write("DELETE FROM outbox WHERE lane = ? AND key = ? AND state = 'dropped'", [lane, key]);
    const sql = `INSERT INTO outbox (lane, route, key, kind, album, payload, state, source_at, created_at, ready_at)
      VALUES (:lane, :route, :key, :kind, :album, :payload, 'waiting', :sourceAt, :now, :readyAt) ON CONFLICT DO NOTHING`;
    const payload = JSON.stringify([row.piece]);
    const { changes } = this.#db.write(sql, {
      lane,
      route,
      key,
      kind,
      album,
      payload,
      sourceAt,
      now: this.#updates.stamp(),
      readyAt,
    });
    // An album is counted when it was judged.
    if (changes > 0 && album === null && (kind === "new" || kind === "alert"))
      this.#count(route, kind === "new" ? "matched" : "alerts");
    return changes > 0;
  }

  /**
   * An edit or a deletion has its turn and nothing was delivered of its message: what was set aside of it, or is in doubt (row `doubted`), follows.
   */
  follow(row: OutboxRow, doubted: number | null): void {
    const [piece] = row.pieces;
    if (piece !== undefined) this.#db.transaction("relay-follow", () => this.#follow({ ...row, piece }, doubted));
  }

  /** What was set aside follows its source: a retry must not bring back an old text, or a message that is gone. */
  #follow({ route, key, kind, piece }: Pick<NewOutboxRow, "route" | "key" | "kind" | "piece">, doubted: number | null): void {
    const [chat = "", message = ""] = key.split("/");
    const find = `SELECT ${COLUMNS} FROM outbox WHERE n = :doubted AND state = 'waiting'
      UNION ALL SELECT ${COLUMNS} FROM outbox WHERE route = :route AND state = 'poison' AND
      (key = :new OR (kind = 'new' AND album IS NOT NULL) OR (kind = 'edit' AND key BETWEEN :edits AND :end AND key <> :key))`;
    const edits = `${chat}/${message}/edit/`;
    const values = { doubted, route, key, new: newKey(chat, Number(message)), edits, end: `${edits}:` };
    for (const row of this.#db.read<Row>(find, values).map(toOutboxRow)) {
      const pieces = row.pieces.flatMap((text) => {
        if (!isAbout(text, chat, Number(message))) return [text];
        return kind === "edit" && row.kind === "new" ? [piece] : [];
      });
      if (pieces.length === 0) this.#db.write("UPDATE outbox SET state = 'dropped', payload = NULL WHERE n = ?", [row.n]);
      else this.#db.write("UPDATE outbox SET payload = ? WHERE n = ?", [JSON.stringify(pieces), row.n]);
    }
  }

  /** An album that was not judged yet is judged by what its messages say by then. */
  #editAlbum({ lane, piece }: NewOutboxRow): boolean {
    const { chat, id, groupedId = null } = JSON.parse(piece) as { chat: string; id: number; groupedId?: string | null };
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
    return this.#db.write(sql, { payload: JSON.stringify([piece]), key, lane, edits, end: `${edits}:` }).changes > 0;
  }

  /** Adds a message to its album, as long as that is not under way. */
  #append({ lane, album, kind, piece, readyAt }: NewOutboxRow): boolean {
    const found = album === null ? undefined : this.#open(lane, album, kind);
    if (!found) return false;
    const { n, pieces } = found;
    if (pieces.includes(piece)) return true;
    this.#db.write("UPDATE outbox SET payload = ?, ready_at = ? WHERE n = ?", [JSON.stringify([...pieces, piece]), readyAt, n]);
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
    const sql = "INSERT INTO relay_count VALUES (:route, :name, :n) ON CONFLICT DO UPDATE SET n = n + :n";
    this.#db.write(sql, { route, name, n });
  }
}

function toOutboxRow(row: Row): OutboxRow {
  const { n, lane, route, key, kind, album, attempts, reason } = row;
  const pieces = row.payload === null ? [] : (JSON.parse(row.payload) as string[]);
  const times = { sourceAt: row.source_at, createdAt: row.created_at, readyAt: row.ready_at };
  return { n, lane, route, key, kind, album, pieces, attempts, reason, ...times, sealed: row.sealed === 1 };
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
