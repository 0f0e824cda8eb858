import type { Route, SourceMessage } from "@flotilla/contracts";
import { LoopShare, type WorkerId } from "@flotilla/kernel";
import {
  barrier,
  inAlbums,
  judge,
  LoopBreaker,
  type MatchVerdict,
  matchRoute,
  type ReadyRoute,
} from "@flotilla/relay";
import type { InboxRow, NewOutboxRow, SessionStore } from "@flotilla/session-store";
import { savedBy } from "./plan-step.ts";
import type { RouteBook } from "./route-book.ts";
import { toSourceMessage } from "./source-message.ts";

/** Rows per read, and milliseconds per slice; the event loop turns between slices. */
const BATCH = 50;
const SLICE_MS = 10;

/**
 * Lane of a route's alerts: they do not wait for its deliveries. `!` cannot be in a route's name.
 */
export const alertLane = (route: string): string => `${route}!alert`;

const SERVICE: MatchVerdict = { kind: "skip", reason: "empty" };

/** After an admin woke a route that looked like a loop, it is not stopped again for this long. */
const TRUSTED_MS = 24 * 60 * 60_000;

/** Parts of the intake. */
export interface IntakeDeps {
  readonly worker: WorkerId;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** What this route delivers seems to come back to it. */
  readonly onLoop: (route: string) => void;
}

/** What a route does with an album that is whole. */
export interface JudgedAlbum {
  readonly verdict: MatchVerdict;
  /** What it brings along, if it is taken. */
  readonly along: readonly NewOutboxRow[];
  /** To be called when it was taken. */
  readonly taken: () => void;
}

/** What a batch comes to. */
interface Batch {
  readonly rows: NewOutboxRow[];
  readonly counts: [string, string][];
  /** Each message that a route takes. */
  readonly matches: { readonly route: string; readonly message: SourceMessage }[];
}

/** A message, or one that a forward comes from; `name`: that of its chat, where it is known. */
interface Origin {
  readonly chat: string;
  readonly message: number | null;
  readonly name: string | null;
}

/**
 * Moves what was received into the outbox: one transaction per batch, so a crash repeats a batch or
 * nothing.
 */
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
      else for (const ready of this.#book.ready) this.#followed(ready, row, batch);
      taken.push(row.n);
      if (share.isOver()) break;
    }
    if (taken.length > 0) this.#store.relay.outbox.take(taken, rows, counts);
    // Only what is taken: on a full disk the same batch is tried again and again, and is no loop.
    for (const { route, message } of batch.matches) this.#watchForLoop(route, message);
    return taken.length;
  }

  /**
   * What follows from messages of a source that were fetched on demand. Nothing of those that were
   * delivered before.
   */
  backfilled(
    ready: ReadyRoute,
    messages: readonly SourceMessage[],
  ): { readonly rows: NewOutboxRow[]; readonly known: number } {
    const { id } = ready.route;
    const isKnown = ({ chat, id: message }: SourceMessage): boolean =>
      this.#store.relay.map.delivered(id, chat, message) !== null;
    const open = messages.filter((message) => !isKnown(message));
    const rows = inAlbums(open).flatMap((album) => {
      const pieces = album.filter(
        (piece) => barrier(ready, piece, this.#isOwn(ready, piece)) === null,
      );
      const isTaken = pieces.length > 0 && judge(ready, pieces).kind === "take";
      if (isTaken) return pieces.map((piece) => this.#newRow(id, { ...piece, asked: true }));
      return [];
    });
    return { rows, known: messages.length - open.length };
  }

  /** An album is whole: what its route does with it. Null: its route is not ready. */
  judgeAlbum(route: string, pieces: readonly SourceMessage[]): JudgedAlbum | null {
    const ready = this.#book.ready.find((it) => it.route.id === route);
    const message = pieces.find(({ text }) => text !== "") ?? pieces[0];
    if (!ready || !message) return null;
    const verdict = judge(ready, pieces);
    const along =
      verdict.kind === "take" ? this.#alerts(ready.route, message, verdict.because) : [];
    return { verdict, along, taken: () => this.#watchForLoop(route, message) };
  }

  #matched(row: InboxRow, batch: Batch): void {
    if (!row.content) return;
    const message = toSourceMessage(this.#store, row, row.content);
    const origins = this.#originsOf(message);
    const isDelivery = this.#isOwnDelivery(origins);
    for (const ready of this.#book.ready) {
      const { route } = ready;
      const verdict = row.content.service
        ? SERVICE
        : this.#verdict(ready, message, isDelivery || this.#isFromTarget(ready, origins));
      if (verdict.kind === "take") this.#take(route, message, verdict.because, batch);
      else if (verdict.reason !== "other-chat" && verdict.reason !== "off")
        batch.counts.push([route.id, verdict.reason]);
    }
  }

  /** A piece of an album passes, whatever it says: the album is judged when it is whole. */
  #verdict(ready: ReadyRoute, message: SourceMessage, isOwn: boolean): MatchVerdict {
    if (message.groupedId === null) return matchRoute(ready, message, isOwn);
    const reason = barrier(ready, message, isOwn);
    if (reason === null) return { kind: "take", because: [] };
    return { kind: "skip", reason };
  }

  /** A message goes into the outbox; what an album brings along waits until it is whole. */
  #take(
    route: Route,
    message: SourceMessage,
    because: readonly string[],
    { rows, matches }: Batch,
  ): void {
    rows.push(this.#newRow(route.id, message));
    if (message.groupedId !== null) return;
    rows.push(...this.#alerts(route, message, because));
    matches.push({ route: route.id, message });
  }

  #alerts(
    { id, alert }: Route,
    message: SourceMessage,
    because: readonly string[],
  ): NewOutboxRow[] {
    return alert === "off" ? [] : [this.#alertRow(id, message, because)];
  }

  #isOwn(ready: ReadyRoute, message: SourceMessage): boolean {
    const origins = this.#originsOf(message);
    return this.#isFromTarget(ready, origins) || this.#isOwnDelivery(origins);
  }

  #originsOf({ chat, id, origins = [] }: SourceMessage): Origin[] {
    const places = [{ chat, message: id }, ...origins];
    return places.map((place) => ({
      ...place,
      name: this.#store.entities.byId(place.chat)?.username ?? null,
    }));
  }

  /**
   * What comes from the target of a route is not delivered back to it: the copy that Telegram makes
   * of a delivery may be here before its sender has said that it was delivered.
   */
  #isFromTarget({ route: { to } }: ReadyRoute, [, ...origins]: readonly Origin[]): boolean {
    if (to.kind === "webhook" || origins.length === 0) return false;
    const target = this.#book.idOf(to.chat);
    const wanted = to.chat.toLowerCase();
    return origins.some(({ chat, name }) => chat === target || `@${name ?? ""}` === wanted);
  }

  /**
   * A relay put it there, or it is a forward of what a relay put somewhere: Telegram copies the
   * posts of a channel into its group.
   */
  #isOwnDelivery(origins: readonly Origin[]): boolean {
    const { map } = this.#store.relay;
    return origins.some((origin) => {
      if (origin.message === null) return false;
      const { name } = origin;
      const names = name ? [`@${name}`, `@${name.toLowerCase()}`] : [];
      const isSaved = !origin.chat.startsWith("-") && origin.chat === this.#store.self()?.id;
      const saved = isSaved ? [savedBy(this.#deps.worker)] : [];
      return map.isDelivery([origin.chat, ...names, ...saved], origin.message);
    });
  }

  /**
   * What no table shows, such as another program that copies messages back, shows in what comes.
   */
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
    return {
      lane: alertLane(route),
      route,
      key,
      kind: "alert",
      album: null,
      piece,
      sourceAt: message.date,
      readyAt: 0,
    };
  }

  /**
   * An edit or a deletion matters where the message was delivered, or still may be; an edit also
   * where the message matches only now.
   */
  #followed(ready: ReadyRoute, row: InboxRow, batch: Batch): void {
    const { route, chats } = ready;
    if (row.kind === "new" || !route.on || !chats.has(row.chat)) return;
    if (row.kind === "edit" ? !route.edits : !route.deletes) return;
    if (row.kind === "edit" && !this.#isKnown(route.id, row, batch)) {
      this.#matchedLate(ready, row, batch);
      return;
    }
    const { relay } = this.#store;
    const { chat, messageId, version, kind } = row;
    const mayWait =
      relay.outbox.heldBack(route.id) || batch.rows.some(({ lane }) => lane === route.id);
    if (kind === "delete" && !mayWait && !relay.map.delivered(route.id, chat, messageId)) return;
    const piece = row.content
      ? toSourceMessage(this.#store, row, row.content)
      : { chat, id: messageId };
    batch.rows.push({
      lane: route.id,
      route: route.id,
      key: `${chat}/${messageId}/${kind}/${version}`,
      kind,
      album: null,
      piece: JSON.stringify(piece),
      sourceAt: row.date,
      readyAt: 0,
    });
  }

  /** Whether a route took this message already. */
  #isKnown(route: string, { chat, messageId, content }: InboxRow, { rows }: Batch): boolean {
    const { relay } = this.#store;
    const group = content?.groupedId ?? null;
    const album = group === null ? null : `${chat}/${group}`;
    const key = `${chat}/${messageId}/new`;
    if (
      rows.some(
        (row) => row.lane === route && (row.key === key || (album !== null && row.album === album)),
      )
    )
      return true;
    return (
      relay.outbox.hasNew(route, chat, messageId, album) ||
      relay.map.delivered(route, chat, messageId) !== null
    );
  }

  /**
   * It came before, and what it says now is what the route looks for. An old message that was never
   * seen here is no news.
   */
  #matchedLate(ready: ReadyRoute, row: InboxRow, batch: Batch): void {
    const { route } = ready;
    if (!row.content || row.content.service || !this.#store.updates.has(row.box, row.messageId))
      return;
    const message = toSourceMessage(this.#store, row, row.content);
    const verdict = matchRoute(ready, message, this.#isOwn(ready, message));
    if (verdict.kind !== "take") return;
    batch.counts.push([route.id, "late"]);
    this.#take(route, message, verdict.because, batch);
  }
}
