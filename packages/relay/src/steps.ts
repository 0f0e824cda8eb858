import { createHash } from "node:crypto";
import type {
  CopiedFile,
  DeliveryStep,
  EditedRest,
  FollowingText,
  Route,
  SourceMessage,
} from "@flotilla/contracts";
import { withoutNullish } from "@flotilla/kernel";
import type { PartPlace } from "./part-places.ts";
import { deriveRandomId } from "./random-id.ts";
import { inParts, linkOf, MAX_TEXT, type RichText } from "./template.ts";
import { captioned, isByReference, written } from "./written.ts";

/** A delivered copy of a message, and the further parts of its text. */
export interface Copied {
  /** Message id in the target; null = sent, but Telegram did not return its id. */
  readonly message: number | null;
  readonly rest: readonly PartPlace[];
  /** {@link digestOf} the source at the time of delivery; null = not known. */
  readonly said: string | null;
  /** Whether the copy has the photo or file, or is a text only; null = not known. */
  readonly form: "media" | "text" | null;
  /**
   * For an album that became one message: whether that message has this piece's text, and which
   * other pieces it stands for.
   */
  readonly album: { readonly speaks: boolean; readonly others: readonly number[] } | null;
}

/** Digest of everything in a message that an edit can change. */
export function digestOf({ text, entities, media, mediaId = "" }: SourceMessage): string {
  const said = createHash("sha256")
    .update(JSON.stringify([text, entities, media]))
    .digest("base64url");
  return `${said.slice(0, 22)} ${mediaId}`;
}

/** Whether its photo or file differs from that at delivery. */
function hasNewMedia(said: string | null, { mediaId }: SourceMessage): boolean {
  const before = said?.split(" ")[1] ?? "";
  return mediaId !== undefined && before !== "" && before !== mediaId;
}

/** Looks up the delivered copy of a source message by its id; null when it is not known. */
export type FindTarget = (sourceId: number) => Copied | null;

/** A step to send, or the reason for none. */
export type StepPlan =
  | { readonly kind: "step"; readonly step: DeliveryStep }
  | {
      readonly kind: "nothing";
      readonly reason: "never-delivered" | "forwarded" | "switched-off" | "unchanged" | "unreached";
    };

const NEVER: StepPlan = { kind: "nothing", reason: "never-delivered" };
const UNCHANGED: StepPlan = { kind: "nothing", reason: "unchanged" };
const UNREACHED: StepPlan = { kind: "nothing", reason: "unreached" };

/**
 * Plans the delivery of a message, or of the pieces of an album. A copy replies to the copy of the
 * message that its source replies to, if there is one. A whole album is one step, so that it stays
 * together. A text too long for one message continues in replies to it.
 */
export function planNew(
  route: Route,
  pieces: readonly SourceMessage[],
  find: FindTarget,
): StepPlan {
  const [first] = pieces;
  if (!first) return NEVER;
  if (isByReference(route, pieces)) {
    const randomIds = pieces.map((piece) => deriveRandomId(route.id, route.to, piece));
    const from = {
      fromChat: first.chat,
      fromUsername: first.chatUsername,
      ids: pieces.map(({ id }) => id),
    };
    const dropAuthor = route.action.kind === "copy";
    return {
      kind: "step",
      step: { kind: "forward", ...from, randomIds, dropAuthor, ...answering(route, pieces, find) },
    };
  }
  const lost = route.to.kind === "bot" && pieces.some(({ media }) => media !== null);
  return {
    kind: "step",
    step: sending(route, first, written(route, pieces), answered(first, find), lost),
  };
}

/** A downloaded file of a message. */
export type FetchedFile = Omit<CopiedFile, "randomId" | "text" | "entities">;

/**
 * Plans the delivery of media that the sender cannot send by reference: it uploads the downloaded
 * files with as much of their own text (for a bot: of the template's result) as Telegram allows
 * below media; the rest follows in further parts. Without files (a poll, a place, a file too large
 * for a bot) it sends the text or the link only.
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
    return {
      kind: "step",
      step: sending(route, first, written(route, pieces, false), replyTo, true),
    };
  const captions = fetched.files.map((file) => {
    const piece = pieces.find(({ id }) => id === file.message) ?? first;
    return { file, piece, parts: captioned(route, piece, pieces) };
  });
  const files = captions.map(
    ({ file, piece, parts: [caption] }): CopiedFile => ({
      ...file,
      ...withoutNullish({ kind: piece.media }),
      randomId: deriveRandomId(route.id, route.to, piece),
      ...mutable(caption),
    }),
  );
  const rest = captions.flatMap(({ piece, parts }) => following(route, piece, parts.slice(1)));
  return {
    kind: "step",
    step: { kind: "upload", row: fetched.row, files, replyTo, ...given(rest) },
  };
}

/**
 * Plans how a copy follows an edit. Forwards cannot be edited; a message that was never delivered
 * stays undelivered.
 */
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
  const isMedia =
    copied.form === null
      ? isByReference(route, [message])
      : copied.form === "media" && message.media !== null;
  const [text, ...more] = isMedia
    ? captioned(route, message, soloOf(message))
    : inParts(written(route, [message], false), longest(route));
  const rest = more.flatMap((part, n): EditedRest[] => {
    const known = copied.rest[n] ?? "missing";
    if (known === "unknown") return [];
    const randomId = deriveRandomId(route.id, route.to, message, `${version} ${n}`);
    return [{ message: known === "missing" ? null : known, randomId, ...mutable(part) }];
  });
  const surplus = told(copied.rest.slice(more.length));
  const media =
    isMedia && hasNewMedia(copied.said, message) ? replacing(route, message, fetched) : {};
  const caption = isMedia && route.to.kind === "bot" ? { caption: true as const } : {};
  const changes = rest.length + surplus.length > 0 ? { rest, surplus } : {};
  return {
    kind: "step",
    step: {
      kind: "edit",
      message: copied.message,
      ...mutable(text),
      ...caption,
      ...media,
      ...changes,
    },
  };
}

/** The pieces that decide its caption: the message itself, or none for a piece of an album. */
function soloOf(message: SourceMessage): readonly SourceMessage[] {
  return message.groupedId === null ? [message] : [];
}

/** The photo or file that an edit replaced. */
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
  const kind = withoutNullish({ kind: message.media });
  return { file: { row: fetched.row, ...file, ...kind, randomId, text: "", entities: [] } };
}

/**
 * Plans how a copy follows a deletion. A message that stands for an album stays until the last
 * piece is deleted; a deleted piece loses its text.
 */
export function planDelete(
  route: Route,
  gone: { readonly chat: string; readonly id: number },
  find: FindTarget,
): StepPlan {
  if (!route.deletes) return { kind: "nothing", reason: "switched-off" };
  const copied = find(gone.id);
  if (copied === null) return NEVER;
  const { message, album } = copied;
  const rest = told(copied.rest);
  const [other] = album?.others ?? [];
  if (other === undefined || message === null) {
    const messages = message === null ? rest : [message, ...rest];
    if (messages.length === 0) return UNREACHED;
    return { kind: "step", step: { kind: "delete", messages } };
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
 * Copies of files that reply to a message contain their text: a forward cannot reply. So do copies
 * with a text that is longer than an account without Premium may write below a file.
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
  return {
    answer: { to, said: captions.map(({ parts: [caption] }) => mutable(caption)) },
    ...given(rest),
  };
}

function answered({ replyTo }: SourceMessage, find: FindTarget): number | null {
  return replyTo === null ? null : (find(replyTo)?.message ?? null);
}

/** Longest text of one message in UTF-16 units; a webhook has no limit. */
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
  return {
    kind: "send",
    randomId,
    ...mutable(text),
    replyTo,
    ...given(following(route, message, more)),
    ...lost,
  };
}

function following(
  route: Route,
  message: SourceMessage,
  parts: readonly RichText[],
): FollowingText[] {
  return parts.map((part, n) => ({
    randomId: deriveRandomId(route.id, route.to, message, `part ${n}`),
    ...mutable(part),
  }));
}

function given(rest: FollowingText[]): { rest?: FollowingText[] } {
  return rest.length > 0 ? { rest } : {};
}

function mutable({ text, entities }: RichText): {
  text: string;
  entities: RichText["entities"][number][];
} {
  return { text, entities: [...entities] };
}
