import type { SourceMessage } from "@flotilla/contracts";
import { LoopBreaker, type MatchVerdict, matchRoute, type ReadyRoute } from "@flotilla/domain";
import { LoopShare } from "@flotilla/kernel";
import type { InboxRow, NewOutboxRow, SessionStore } from "@flotilla/session-store";
import type { RouteBook } from "./route-book.ts";
import { toSourceMessage } from "./source-message.ts";

/** Rows per read, and milliseconds per slice; the event loop turns between slices. */
const BATCH = 50;
const SLICE_MS = 10;

/** Lane of a route's alerts: they do not wait for its deliveries. `!` cannot be in a route's name. */
export const alertLane = (route: string): string => `${route}!alert`;

const SERVICE: MatchVerdict = { kind: "skip", reason: "empty" };

/** After an admin woke a route that looked like a loop, it is not stopped again for this long. */
const TRUSTED_MS = 24 * 60 * 60_000;

/** Parts of the intake. */
export interface IntakeDeps {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** What this route delivers seems to come back to it. */
  readonly onLoop: (route: string) => void;
}

/** What a batch comes to. */
interface Batch {
  readonly rows: NewOutboxRow[];
  readonly counts: [string, string][];
  /** Each message that a route takes. */
  readonly matches: { readonly route: string; readonly message: SourceMessage }[];
}

/** Moves what was received into the outbox: one transaction per batch, so a crash repeats a batch or nothing. */
export class Intake {
  readonly #store: SessionStore;
  readonly #book: RouteBook;
  readonly #deps: IntakeDeps;
  readonly #breaker = new LoopBreaker();

  constructor(store: SessionStore, book: RouteBook, deps: IntakeDeps) {
    this.#store = store;
    this.#book = book;
    this.#deps = deps;
  }

  /** Takes one batch. Returns how many rows of the inbox it dealt with; 0 = there was nothing. */
  step(): number {
    const share = new LoopShare(SLICE_MS);
    const taken: number[] = [];
    const batch: Batch = { rows: [], counts: [], matches: [] };
    const { rows, counts } = batch;
    for (const row of this.#store.updates.pending(BATCH)) {
      if (row.kind === "new") this.#matched(row, batch);
      else for (const ready of this.#book.ready) rows.push(...this.#followed(ready, row, rows));
      taken.push(row.n);
      if (share.isOver()) break;
    }
    if (taken.length > 0) this.#store.relay.take(taken, rows, counts);
    // Only what is taken: on a full disk the same batch is tried again and again, and is no loop.
    for (const { route, message } of batch.matches) this.#watchForLoop(route, message);
    return taken.length;
  }

  /** What follows from a message of a source that was fetched on demand. Nothing when it was delivered before. */
  backfilled(ready: ReadyRoute, message: SourceMessage): { readonly rows: readonly NewOutboxRow[]; readonly known: boolean } {
    const { id } = ready.route;
    if (this.#store.relay.delivered(id, message.chat, message.id)) return { rows: [], known: true };
    const verdict = matchRoute(ready, message, this.#isOwnDelivery(message));
    return { rows: verdict.kind === "take" ? [this.#newRow(id, message)] : [], known: false };
  }

  #matched(row: InboxRow, { rows, counts, matches }: Batch): void {
    if (!row.content) return;
    const message = toSourceMessage(this.#store, row, row.content);
    const isOwn = this.#isOwnDelivery(message);
    for (const ready of this.#book.ready) {
      const { route } = ready;
      const verdict = row.content.service ? SERVICE : matchRoute(ready, message, isOwn);
      if (verdict.kind === "skip") {
        if (verdict.reason !== "other-chat" && verdict.reason !== "off") counts.push([route.id, verdict.reason]);
        continue;
      }
      rows.push(this.#newRow(route.id, message));
      matches.push({ route: route.id, message });
      if (route.alert !== "off") rows.push(this.#alertRow(route.id, message, verdict.because));
    }
  }

  /** A relay put it there, or it is a forward of what a relay put somewhere: Telegram copies the posts of a channel into its group. */
  #isOwnDelivery({ chat, id, origins = [] }: SourceMessage): boolean {
    const { relay, entities } = this.#store;
    return [{ chat, message: id }, ...origins].some((origin) => {
      if (origin.message === null) return false;
      const name = entities.byId(origin.chat)?.username;
      return relay.isDelivery(name ? [origin.chat, `@${name}`] : [origin.chat], origin.message);
    });
  }

  /** What no table shows, such as another program that copies messages back, shows in what comes. */
  #watchForLoop(route: string, message: SourceMessage): void {
    const stop = this.#store.routeStops.get(route);
    const isTrusted = stop !== null && Math.abs(this.#deps.now() - stop.at) < TRUSTED_MS;
    if (this.#breaker.looksLikeLoop(route, message) && !isTrusted) this.#deps.onLoop(route);
  }

  #newRow(route: string, message: SourceMessage): NewOutboxRow {
    const album = message.groupedId === null ? null : `${message.chat}/${message.groupedId}`;
    return {
      lane: route,
      route,
      key: `${message.chat}/${message.id}/new`,
      kind: "new",
      album,
      piece: JSON.stringify(message),
      sourceAt: message.date,
      readyAt: album === null ? 0 : this.#deps.now(),
    };
  }

  #alertRow(route: string, message: SourceMessage, because: readonly string[]): NewOutboxRow {
    const piece = JSON.stringify({ message, because });
    const key = `${message.chat}/${message.id}/alert`;
    return { lane: alertLane(route), route, key, kind: "alert", album: null, piece, sourceAt: message.date, readyAt: 0 };
  }

  /** An edit or a deletion matters where the message was delivered, or still may be. */
  #followed({ route, chats }: ReadyRoute, row: InboxRow, before: readonly NewOutboxRow[]): NewOutboxRow[] {
    if (row.kind === "new" || !route.on || !chats.has(row.chat)) return [];
    if (row.kind === "edit" ? !route.edits : !route.deletes) return [];
    const { relay } = this.#store;
    const mayWait = relay.head(route.id) !== null || before.some(({ lane }) => lane === route.id);
    if (!mayWait && !relay.delivered(route.id, row.chat, row.messageId)) return [];
    const { chat, messageId, version, kind } = row;
    const piece = row.content ? toSourceMessage(this.#store, row, row.content) : { chat, id: messageId };
    return [
      {
        lane: route.id,
        route: route.id,
        key: `${chat}/${messageId}/${kind}/${version}`,
        kind,
        album: null,
        piece: JSON.stringify(piece),
        sourceAt: row.date,
        readyAt: 0,
      },
    ];
  }
}
