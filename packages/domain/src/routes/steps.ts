import { createHash } from "node:crypto";
import type { CopiedFile, DeliveryStep, EditedRest, FollowingText, Route, SourceMessage } from "@flotilla/contracts";
import type { PartPlace } from "./part-places.ts";
import { deriveRandomId } from "./random-id.ts";
import { inParts, linkOf, MAX_TEXT, parseTemplate, type RichText, render } from "./template.ts";

/** Where a message was delivered, and what followed it. */
export interface Copied {
  /** Null: it is there, and Telegram did not tell its id. */
  readonly message: number | null;
  readonly rest: readonly PartPlace[];
  /** {@link digestOf} what it said then; null: not known. */
  readonly said: string | null;
  /** Of an album that became one message: whether that message has this piece's text, and which other pieces it stands for. */
  readonly album: { readonly speaks: boolean; readonly others: readonly number[] } | null;
}

/** What a message says, as far as an edit can change it. */
export function digestOf({ text, entities, media, mediaId = "" }: SourceMessage): string {
  const said = createHash("sha256")
    .update(JSON.stringify([text, entities, media]))
    .digest("base64url");
  return `${said.slice(0, 22)} ${mediaId}`;
}

/** Whether it has another photo or file than it had then. */
function hasNewMedia(said: string | null, { mediaId }: SourceMessage): boolean {
  const before = said?.split(" ")[1] ?? "";
  return mediaId !== undefined && before !== "" && before !== mediaId;
}

/** The way from an id in the source to what was delivered of it, or null when that is not known. */
export type FindTarget = (sourceId: number) => Copied | null;

/** A step that can be sent, or why there is none. */
export type StepPlan =
  | { readonly kind: "step"; readonly step: DeliveryStep }
  | { readonly kind: "nothing"; readonly reason: "never-delivered" | "forwarded" | "switched-off" | "unchanged" | "unreached" };

const NEVER: StepPlan = { kind: "nothing", reason: "never-delivered" };
const UNCHANGED: StepPlan = { kind: "nothing", reason: "unchanged" };
const UNREACHED: StepPlan = { kind: "nothing", reason: "unreached" };

/**
 * How a message, or the pieces of an album, is delivered. Replies point to what was delivered of the message they answer, or
 * nowhere. The whole album is one step, so that it stays together. What is too long for one message goes on in answers to it.
 */
export function planNew(route: Route, pieces: readonly SourceMessage[], find: FindTarget): StepPlan {
  const [first] = pieces;
  if (!first) return NEVER;
  if (isByReference(route, pieces)) {
    const randomIds = pieces.map((piece) => deriveRandomId(route.id, route.to, piece));
    const from = { fromChat: first.chat, fromUsername: first.chatUsername, ids: pieces.map(({ id }) => id) };
    const dropAuthor = route.action.kind === "copy";
    return { kind: "step", step: { kind: "forward", ...from, randomIds, dropAuthor, ...answering(route, pieces, find) } };
  }
  return { kind: "step", step: sending(route, first, written(route, pieces), answered(first, find)) };
}

/** Longest text below a photo or a document, in UTF-16 units (https://core.telegram.org/api/config, caption_length_limit_default). */
const MAX_CAPTION = 1024;

/** A file of a message as it was downloaded. */
export type FetchedFile = Omit<CopiedFile, "randomId" | "text" | "entities">;

/**
 * The same for media that the sender cannot have by reference: what was downloaded is uploaded, with as much of its own text as
 * Telegram allows below media; the rest follows. Without files (a poll, a place) the text or the link goes alone.
 */
export function planUpload(
  route: Route,
  pieces: readonly SourceMessage[],
  fetched: { readonly row: number; readonly files: readonly FetchedFile[] },
  find: FindTarget,
): StepPlan {
  const [first] = pieces;
  if (!first) return NEVER;
  const replyTo = answered(first, find);
  if (fetched.files.length === 0) return { kind: "step", step: sending(route, first, written(route, pieces, false), replyTo) };
  const captions = fetched.files.map((file) => {
    const piece = pieces.find(({ id }) => id === file.message) ?? first;
    return { file, piece, parts: captioned(piece) };
  });
  const files = captions.map(
    ({ file, piece, parts: [caption] }): CopiedFile => ({
      ...file,
      randomId: deriveRandomId(route.id, route.to, piece),
      ...mutable(caption),
    }),
  );
  const rest = captions.flatMap(({ piece, parts }) => following(route, piece, parts.slice(1)));
  return { kind: "step", step: { kind: "upload", row: fetched.row, files, replyTo, ...given(rest) } };
}

/** How an edit is followed. What was forwarded cannot be edited; what was never delivered stays so. */
export function planEdit(route: Route, message: SourceMessage, version: string, find: FindTarget): StepPlan {
  if (!route.edits) return { kind: "nothing", reason: "switched-off" };
  const copied = find(message.id);
  if (copied === null) return NEVER;
  if (route.action.kind === "forward") return { kind: "nothing", reason: "forwarded" };
  const isSilent = copied.album?.speaks === false && message.text === "";
  if (isSilent || copied.said === digestOf(message)) return UNCHANGED;
  if (copied.message === null) return UNREACHED;
  const first = isByReference(route, [message]) ? MAX_CAPTION : longest(route);
  const [text, ...more] = inParts(written(route, [message]), first);
  const rest = more.flatMap((part, n): EditedRest[] => {
    const known = copied.rest[n] ?? "missing";
    if (known === "unknown") return [];
    const randomId = deriveRandomId(route.id, route.to, message, `${version} ${n}`);
    return [{ message: known === "missing" ? null : known, randomId, ...mutable(part) }];
  });
  const surplus = told(copied.rest.slice(more.length));
  const from = { fromChat: message.chat, fromUsername: message.chatUsername, id: message.id };
  const media = isByReference(route, [message]) && hasNewMedia(copied.said, message) ? { media: from } : {};
  const changes = rest.length + surplus.length > 0 ? { rest, surplus } : {};
  return { kind: "step", step: { kind: "edit", message: copied.message, ...mutable(text), ...media, ...changes } };
}

/** How a deletion is followed. A message that stands for an album stays until the last piece is gone, without the text of one that is. */
export function planDelete(route: Route, gone: { readonly chat: string; readonly id: number }, find: FindTarget): StepPlan {
  if (!route.deletes) return { kind: "nothing", reason: "switched-off" };
  const copied = find(gone.id);
  if (copied === null) return NEVER;
  const { message, album } = copied;
  const rest = told(copied.rest);
  const [other] = album?.others ?? [];
  if (other === undefined || message === null) {
    const messages = message === null ? rest : [message, ...rest];
    return messages.length === 0 ? UNREACHED : { kind: "step", step: { kind: "delete", messages } };
  }
  if (album?.speaks === false) return UNCHANGED;
  const text = linkOf({ chat: gone.chat, chatUsername: null, id: other }) ?? "(album)";
  const surplus = rest.length > 0 ? { rest: [], surplus: rest } : {};
  return { kind: "step", step: { kind: "edit", message, text, entities: [], ...surplus } };
}

function told(places: readonly PartPlace[]): number[] {
  return places.filter((place) => typeof place === "number");
}

/** A copy of files that answers a message says everything itself: a forward answers nothing. */
function answering(
  route: Route,
  pieces: readonly SourceMessage[],
  find: FindTarget,
): Partial<Pick<Extract<DeliveryStep, { kind: "forward" }>, "answer" | "rest">> {
  const [first] = pieces;
  const to = first && route.action.kind === "copy" ? answered(first, find) : null;
  if (to === null) return {};
  const captions = pieces.map((piece) => ({ piece, parts: captioned(piece) }));
  const rest = captions.flatMap(({ piece, parts }) => following(route, piece, parts.slice(1)));
  return { answer: { to, said: captions.map(({ parts: [caption] }) => mutable(caption)) }, ...given(rest) };
}

/** A file's own text: as much as Telegram allows below it, and what follows. */
export function captioned({ text, entities }: SourceMessage): ReturnType<typeof inParts> {
  return inParts({ text, entities }, MAX_CAPTION);
}

function answered({ replyTo }: SourceMessage, find: FindTarget): number | null {
  return replyTo === null ? null : (find(replyTo)?.message ?? null);
}

/** A webhook takes a text of any length. */
function longest({ to }: Route): number {
  return to.kind === "webhook" ? Number.POSITIVE_INFINITY : MAX_TEXT;
}

function sending(route: Route, message: SourceMessage, whole: RichText, replyTo: number | null): DeliveryStep {
  const [text, ...more] = inParts(whole, longest(route));
  const randomId = deriveRandomId(route.id, route.to, message);
  return { kind: "send", randomId, ...mutable(text), replyTo, ...given(following(route, message, more)) };
}

function following(route: Route, message: SourceMessage, parts: readonly RichText[]): FollowingText[] {
  return parts.map((part, n) => ({ randomId: deriveRandomId(route.id, route.to, message, `part ${n}`), ...mutable(part) }));
}

function given(rest: FollowingText[]): { rest?: FollowingText[] } {
  return rest.length > 0 ? { rest } : {};
}

/**
 * Forwards, and media that a worker copies: the file stays at Telegram and travels by reference, with its own text instead of
 * the template's.
 */
function isByReference(route: Route, pieces: readonly SourceMessage[]): boolean {
  if (route.action.kind === "forward") return true;
  return route.to.kind === "worker" && pieces.some(({ media }) => media !== null);
}

/** The message as the route writes it; of an album, the piece that has a text. Media that cannot travel becomes its link. */
function written(route: Route, pieces: readonly SourceMessage[], byReference = isByReference(route, pieces)): RichText {
  const [first] = pieces;
  const spoken = pieces.find(({ text }) => text !== "") ?? first;
  if (!spoken) return { text: "", entities: [] };
  const template = route.action.kind === "copy" && !byReference ? route.action.template : "{text}";
  const rich = render(parseTemplate(template), spoken);
  if (byReference || rich.text !== "") return rich;
  return { text: linkOf(spoken) ?? `(${spoken.media ?? "message"})`, entities: [] };
}

function mutable({ text, entities }: RichText): { text: string; entities: RichText["entities"][number][] } {
  return { text, entities: [...entities] };
}
