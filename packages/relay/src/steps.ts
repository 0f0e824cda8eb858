import { createHash } from "node:crypto";
import type { CopiedFile, DeliveryStep, EditedRest, FollowingText, Route, SourceMessage } from "@flotilla/contracts";
import type { PartPlace } from "./part-places.ts";
import { deriveRandomId } from "./random-id.ts";
import { inParts, linkOf, MAX_TEXT, type RichText } from "./template.ts";
import { captioned, isByReference, written } from "./written.ts";

/** Where a message was delivered, and what followed it. */
export interface Copied {
  /** Null: it is there, and Telegram did not tell its id. */
  readonly message: number | null;
  readonly rest: readonly PartPlace[];
  /** {@link digestOf} what it said then; null: not known. */
  readonly said: string | null;
  /** Whether it is there with its photo or file, or as a text; null: not known. */
  readonly form: "media" | "text" | null;
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
  const lost = route.to.kind === "bot" && pieces.some(({ media }) => media !== null);
  return { kind: "step", step: sending(route, first, written(route, pieces), answered(first, find), lost) };
}

/** A file of a message as it was downloaded. */
export type FetchedFile = Omit<CopiedFile, "randomId" | "text" | "entities">;

/**
 * The same for media that the sender cannot have by reference: what was downloaded is uploaded, with as much of its own text (by a bot: of
 * what the template makes of it) as Telegram allows below media; the rest follows. Without files (a poll, a place, one that is too large for
 * a bot) the text or the link goes alone.
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
  if (fetched.files.length === 0)
    return { kind: "step", step: sending(route, first, written(route, pieces, false), replyTo, true) };
  const captions = fetched.files.map((file) => {
    const piece = pieces.find(({ id }) => id === file.message) ?? first;
    return { file, piece, parts: captioned(route, piece, pieces) };
  });
  const files = captions.map(
    ({ file, piece, parts: [caption] }): CopiedFile => ({
      ...file,
      ...(piece.media === null ? {} : { kind: piece.media }),
      randomId: deriveRandomId(route.id, route.to, piece),
      ...mutable(caption),
    }),
  );
  const rest = captions.flatMap(({ piece, parts }) => following(route, piece, parts.slice(1)));
  return { kind: "step", step: { kind: "upload", row: fetched.row, files, replyTo, ...given(rest) } };
}

/** How an edit is followed. What was forwarded cannot be edited; what was never delivered stays so. */
export function planEdit(
  route: Route,
  message: SourceMessage,
  version: string,
  find: FindTarget,
  fetched: { readonly row: number; readonly files: readonly FetchedFile[] } | null = null,
): StepPlan {
  if (!route.edits) return { kind: "nothing", reason: "switched-off" };
  const copied = find(message.id);
  if (copied === null) return NEVER;
  if (route.action.kind === "forward") return { kind: "nothing", reason: "forwarded" };
  const isSilent = copied.album?.speaks === false && message.text === "";
  if (isSilent || copied.said === digestOf(message)) return UNCHANGED;
  if (copied.message === null) return UNREACHED;
  const isMedia = copied.form === null ? isByReference(route, [message]) : copied.form === "media" && message.media !== null;
  const [text, ...more] = isMedia
    ? captioned(route, message, message.groupedId === null ? [message] : [])
    : inParts(written(route, [message], false), longest(route));
  const rest = more.flatMap((part, n): EditedRest[] => {
    const known = copied.rest[n] ?? "missing";
    if (known === "unknown") return [];
    const randomId = deriveRandomId(route.id, route.to, message, `${version} ${n}`);
    return [{ message: known === "missing" ? null : known, randomId, ...mutable(part) }];
  });
  const surplus = told(copied.rest.slice(more.length));
  const media = isMedia && hasNewMedia(copied.said, message) ? replacing(route, message, fetched) : {};
  const caption = isMedia && route.to.kind === "bot" ? { caption: true as const } : {};
  const changes = rest.length + surplus.length > 0 ? { rest, surplus } : {};
  return { kind: "step", step: { kind: "edit", message: copied.message, ...mutable(text), ...caption, ...media, ...changes } };
}

/** The photo or file that an edit put in place of another one. */
function replacing(
  route: Route,
  message: SourceMessage,
  fetched: { readonly row: number; readonly files: readonly FetchedFile[] } | null,
): Partial<Pick<Extract<DeliveryStep, { kind: "edit" }>, "media" | "file" | "lost">> {
  const media = { fromChat: message.chat, fromUsername: message.chatUsername, id: message.id };
  if (route.to.kind !== "bot" || fetched === null) return { media };
  const [file] = fetched.files;
  if (!file) return { lost: ["media"] };
  const randomId = deriveRandomId(route.id, route.to, message);
  const kind = message.media === null ? {} : { kind: message.media };
  return { file: { row: fetched.row, ...file, ...kind, randomId, text: "", entities: [] } };
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

/**
 * A copy of files that answers a message says everything itself: a forward answers nothing. So does one whose text is longer than an account without
 * Premium may write below a file.
 */
function answering(
  route: Route,
  pieces: readonly SourceMessage[],
  find: FindTarget,
): Partial<Pick<Extract<DeliveryStep, { kind: "forward" }>, "answer" | "rest">> {
  const [first] = pieces;
  if (!first || route.action.kind !== "copy") return {};
  const to = answered(first, find);
  const captions = pieces.map((piece) => ({ piece, parts: captioned(route, piece, pieces) }));
  if (to === null && captions.every(({ parts }) => parts.length === 1)) return {};
  const rest = captions.flatMap(({ piece, parts }) => following(route, piece, parts.slice(1)));
  return { answer: { to, said: captions.map(({ parts: [caption] }) => mutable(caption)) }, ...given(rest) };
}

function answered({ replyTo }: SourceMessage, find: FindTarget): number | null {
  return replyTo === null ? null : (find(replyTo)?.message ?? null);
}

/** A webhook takes a text of any length. */
function longest({ to }: Route): number {
  return to.kind === "webhook" ? Number.POSITIVE_INFINITY : MAX_TEXT;
}

function sending(
  route: Route,
  message: SourceMessage,
  whole: RichText,
  replyTo: number | null,
  isMediaLost: boolean,
): DeliveryStep {
  const [text, ...more] = inParts(whole, longest(route));
  const randomId = deriveRandomId(route.id, route.to, message);
  const lost = isMediaLost ? { lost: ["media" as const] } : {};
  return { kind: "send", randomId, ...mutable(text), replyTo, ...given(following(route, message, more)), ...lost };
}

function following(route: Route, message: SourceMessage, parts: readonly RichText[]): FollowingText[] {
  return parts.map((part, n) => ({ randomId: deriveRandomId(route.id, route.to, message, `part ${n}`), ...mutable(part) }));
}

function given(rest: FollowingText[]): { rest?: FollowingText[] } {
  return rest.length > 0 ? { rest } : {};
}

function mutable({ text, entities }: RichText): { text: string; entities: RichText["entities"][number][] } {
  return { text, entities: [...entities] };
}
