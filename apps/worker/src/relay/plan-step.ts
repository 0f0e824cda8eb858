import {
  AlertPiece,
  type Delivery,
  type DeliveryResult,
  type DeliveryStep,
  type DeliveryTarget,
  GonePiece,
  type Route,
  SourceMessage,
} from "@flotilla/contracts";
import { bareChannel, type WorkerId, withoutNullish, withoutUndefined } from "@flotilla/kernel";
import {
  type Copied,
  captioned,
  digestOf,
  type FetchedFile,
  linkOf,
  type Placed,
  placeParts,
  planDelete,
  planEdit,
  planNew,
  planUpload,
  type StepPlan,
} from "@flotilla/relay";
import type {
  DeliveredId,
  MapTarget,
  OutboxRow,
  RelayTables,
  TargetPlace,
} from "@flotilla/session-store";
import { isFile } from "./source-message.ts";

const EXCERPT = 200;

/**
 * The step for one row of the outbox, or why there is nothing to do. Throws on a row that cannot be
 * read.
 */
export function planStep(
  relay: RelayTables,
  route: Route,
  row: OutboxRow,
  files: readonly FetchedFile[] | null = null,
): StepPlan {
  const pieces: unknown[] = row.pieces.map((piece) => JSON.parse(piece));
  const place = placeOf(route.to);
  const landed = relay.map.landed(route.id, place.chat);
  // A route that got another target since: what it delivered before is none of the new one's
  // messages.
  const there = (chat: string, id: number): MapTarget | null => {
    const known = relay.map.delivered(route.id, chat, id);
    // What is in a group that became a supergroup since cannot be answered or changed any more.
    if (known && isPlace(known.chat, place.chat) && known.landed === landed) return known;
    return null;
  };
  const copied = (chat: string, id: number, known: MapTarget | null): Copied | null => {
    if (known === null) return null;
    const { message, rest, said, role, form } = known;
    // Version 0.1 noted no roles: of its albums the piece with the caption is unknown.
    const others = relay.map.sharing(route.id, chat, id);
    const album =
      role === null && others.length === 0 ? null : { speaks: role === "speaker", others };
    return { message, rest, said, form, album };
  };
  const find = (chat: string) => (id: number) => copied(chat, id, there(chat, id));
  // Telegram puts an answer into the topic of what it answers.
  const findReplied = (chat: string) => (id: number) => {
    const known = there(chat, id);
    return known?.topic === place.topic ? copied(chat, id, known) : null;
  };
  switch (row.kind) {
    case "new": {
      const messages = pieces
        .map((piece) => SourceMessage.parse(piece))
        .sort((a, b) => a.id - b.id);
      const target = findReplied(messages[0]?.chat ?? "");
      if (files) return planUpload(route, messages, { row: row.n, files }, target);
      return planNew(route, messages, target);
    }
    case "edit": {
      const message = SourceMessage.parse(pieces[0]);
      return planEdit(route, message, row.key, find(message.chat), files && { row: row.n, files });
    }
    case "delete": {
      const gone = GonePiece.parse(pieces[0]);
      return planDelete(route, gone, find(gone.chat));
    }
    case "alert":
      return { kind: "step", step: alertStep(route, AlertPiece.parse(pieces[0])) };
    default:
      return row.kind satisfies never;
  }
}

/** Where a row goes. */
export function targetOf(route: Route, row: OutboxRow): DeliveryTarget {
  return row.kind === "alert" ? { kind: "admins" } : route.to;
}

/**
 * What the map calls a target: names in one form, and Saved Messages as those of the account that
 * delivers.
 */
export function placeOf(to: DeliveryTarget): TargetPlace {
  if (to.kind === "worker" && to.chat === "me") return { chat: savedBy(to.worker), topic: null };
  if (to.kind === "worker" || to.kind === "bot")
    return { chat: to.chat.toLowerCase(), topic: to.topic ?? null };
  return { chat: to.kind === "webhook" ? to.url : "", topic: null };
}

/** What the map calls the Saved Messages of a worker. */
export function savedBy(worker: WorkerId): string {
  return `me ${worker}`;
}

/** Rows of version 0.1 have the name as the route wrote it. */
function isPlace(known: string, place: string): boolean {
  return known.toLowerCase() === place || (known === "me" && place.startsWith("me "));
}

/** The message that a row is about, of an album the first. Throws on a row that cannot be read. */
export function sourceOf(row: OutboxRow): Delivery["source"] {
  const piece: unknown = JSON.parse(row.pieces[0] ?? "null");
  const message = SourceMessage.safeParse(
    row.kind === "alert" ? AlertPiece.parse(piece).message : piece,
  );
  if (!message.success) return { ...GonePiece.parse(piece), date: null, title: null, link: null };
  const { chat, id, date, chatTitle } = message.data;
  return { chat, id, date, title: chatTitle, link: linkOf(message.data) };
}

/** What is known after a delivery: where its messages are, and what is counted beside it. */
export interface Learned {
  readonly ids: readonly DeliveredId[];
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * What the map learns from a delivered row: an album that was copied into one message has one id
 * for all of its messages. Else each has the id that Telegram named for it, or none: of an album
 * that lost a photo meanwhile, the others must not move up.
 */
export function learned(relay: RelayTables, route: Route, row: OutboxRow, result: Sent): Learned {
  const { ids, counts } = learnedOf(relay, route, row, result);
  const lost = Object.fromEntries((result.lost ?? []).map((what) => [`no-${what}`, 1]));
  return { ids, counts: { ...counts, ...lost } };
}

function learnedOf(relay: RelayTables, route: Route, row: OutboxRow, result: Sent): Learned {
  if (row.kind === "edit") return changed(relay, row, result);
  if (row.kind === "delete") return gone(relay, row);
  if (row.kind !== "new") return { ids: [], counts: {} };
  const { ids, landed } = result;
  const messages = row.pieces
    .map((piece) => SourceMessage.parse(JSON.parse(piece)))
    .sort((a, b) => a.id - b.id);
  const isOne = ids.length === 1 && messages.length > 1;
  const speaker = messages.find(({ text }) => text !== "") ?? messages[0];
  const parts = partsOf(route, messages, ids.length === messages.length ? null : speaker, result);
  const isText = isOne || route.to.kind === "webhook" || result.lost?.includes("media") === true;
  const roleOf = (message: SourceMessage) => (message === speaker ? "speaker" : "silent");
  const delivered = messages.map(
    (message, index): DeliveredId => ({
      chat: message.chat,
      message: message.id,
      targetMessage: (isOne ? ids[0] : ids[index]) ?? null,
      rest: parts[index]?.places ?? [],
      said: digestOf(message),
      form: isText || message.media === null ? "text" : "media",
      ...withoutUndefined({ landed }),
      ...(isOne ? { role: roleOf(message) } : {}),
    }),
  );
  return { ids: delivered, counts: { cut: parts.reduce((sum, { cut }) => sum + cut, 0) } };
}

/** What a sender says of its messages. */
export type Sent = Pick<
  Extract<DeliveryResult, { kind: "done" }>,
  "ids" | "rest" | "refused" | "landed" | "lost"
>;

/**
 * What follows a row, by its messages: that of a text belongs to the one that speaks, that of
 * captions to each its own.
 */
function partsOf(
  route: Route,
  messages: readonly SourceMessage[],
  speaker: SourceMessage | null | undefined,
  { rest = [], refused = [] }: Sent,
): Placed[] {
  let next = 0;
  return messages.map((message) => {
    const from = next;
    if (messages.length === 1 || message === speaker) next = rest.length;
    else if (speaker === null) next += captioned(route, message, messages).length - 1;
    const own = refused.filter((at) => at >= from && at < next).map((at) => at - from);
    return placeParts([], { rest: rest.slice(from, next), refused: own });
  });
}

/** What a message says by now; and an edit may have made more or less of what follows it. */
function changed(relay: RelayTables, row: OutboxRow, result: Sent): Learned {
  const message = SourceMessage.parse(JSON.parse(row.pieces[0] ?? "null"));
  const { chat, id } = message;
  const known = relay.map.delivered(row.route, chat, id);
  if (!known) return { ids: [], counts: {} };
  const { role, landed, form, message: targetMessage } = known;
  const { places, cut, isWhole } = placeParts(known.rest, result);
  const said = {
    said: digestOf(message),
    ...withoutNullish({ role, form, landed }),
  };
  const ids = [{ chat, message: id, targetMessage, rest: places, ...said }];
  return { ids, counts: { cut, unreached: Number(!isWhole) } };
}

/** A deletion takes what is known of a message. */
function gone(relay: RelayTables, row: OutboxRow): Learned {
  const { chat, id } = GonePiece.parse(JSON.parse(row.pieces[0] ?? "null"));
  const known = relay.map.delivered(row.route, chat, id);
  const isWhole = known === null || (known.message !== null && !known.rest.includes("unknown"));
  return { ids: [], counts: { unreached: Number(!isWhole) } };
}

function alertStep(route: Route, { message, because }: AlertPiece): DeliveryStep {
  return {
    kind: "alert",
    source: (message.chatTitle ?? message.chat).slice(0, 200),
    because: because.slice(0, 50),
    excerpt: Array.from(message.text).slice(0, EXCERPT).join(""),
    link: linkOf(message),
    silent: route.alert === "silent",
  };
}

/**
 * Whether this step can only be done with files that its reader downloads. A bot cannot read the
 * source. In private chats and small groups each account counts messages for itself, so their ids
 * mean nothing, or something else, to another one.
 */
export function needsFiles(
  step: DeliveryStep,
  { to, maxFileMb }: Route,
  row: OutboxRow,
  reader: WorkerId,
): boolean {
  if (to.kind === "bot" && maxFileMb === 0) return false;
  if (to.kind === "bot")
    return step.kind === "edit" ? step.media !== undefined : step.kind === "send" && hasFile(row);
  return (
    step.kind === "forward" &&
    to.kind === "worker" &&
    to.worker !== reader &&
    bareChannel(step.fromChat) === null
  );
}

function hasFile({ kind, pieces }: OutboxRow): boolean {
  return kind === "new" && pieces.some((piece) => isFile(SourceMessage.parse(JSON.parse(piece))));
}
