import type { CopiedFile, DeliveryStep, Route, SourceMessage } from "@flotilla/contracts";
import { deriveRandomId } from "./random-id.ts";
import { linkOf, parseTemplate, type RichText, render, tidy } from "./template.ts";

/** Where a delivered message is: the way from an id in the source to the id in the target, or null when that is not known. */
export type FindTarget = (sourceId: number) => number | null;

/** A step that can be sent, or why there is none. */
export type StepPlan =
  | { readonly kind: "step"; readonly step: DeliveryStep }
  | { readonly kind: "nothing"; readonly reason: "never-delivered" | "forwarded" | "switched-off" };

const NEVER: StepPlan = { kind: "nothing", reason: "never-delivered" };

/**
 * How a message, or the pieces of an album, is delivered. Replies point to what was delivered of the message they answer, or
 * nowhere. The whole album is one step, so that it stays together.
 */
export function planNew(route: Route, pieces: readonly SourceMessage[], find: FindTarget): StepPlan {
  const [first] = pieces;
  if (!first) return NEVER;
  if (isByReference(route, pieces)) {
    const randomIds = pieces.map((piece) => deriveRandomId(route.id, route.to, piece));
    const from = { fromChat: first.chat, fromUsername: first.chatUsername, ids: pieces.map(({ id }) => id) };
    return { kind: "step", step: { kind: "forward", ...from, randomIds, dropAuthor: route.action.kind === "copy" } };
  }
  const replyTo = first.replyTo === null ? null : find(first.replyTo);
  const randomId = deriveRandomId(route.id, route.to, first);
  return { kind: "step", step: { kind: "send", randomId, ...mutable(written(route, pieces)), replyTo } };
}

/** Longest text below a photo or a document, in UTF-16 units (https://core.telegram.org/api/config, caption_length_limit_default). */
const MAX_CAPTION = 1024;

/** A file of a message as it was downloaded. */
export type FetchedFile = Omit<CopiedFile, "randomId" | "text" | "entities">;

/**
 * The same for media that the sender cannot have by reference: what was downloaded is uploaded, with its own text cut to what
 * Telegram allows below media. Without files (a poll, a place) the text or the link goes alone.
 */
export function planUpload(
  route: Route,
  pieces: readonly SourceMessage[],
  fetched: { readonly row: number; readonly files: readonly FetchedFile[] },
  find: FindTarget,
): StepPlan {
  const [first] = pieces;
  if (!first) return NEVER;
  const replyTo = first.replyTo === null ? null : find(first.replyTo);
  if (fetched.files.length === 0) {
    const text = written(route, pieces, false);
    const randomId = deriveRandomId(route.id, route.to, first);
    return { kind: "step", step: { kind: "send", randomId, ...mutable(text), replyTo } };
  }
  const files = fetched.files.map((file): CopiedFile => {
    const piece = pieces.find(({ id }) => id === file.message) ?? first;
    const rich = tidy({ text: piece.text, entities: piece.entities }, MAX_CAPTION);
    return { ...file, randomId: deriveRandomId(route.id, route.to, piece), ...mutable(rich) };
  });
  return { kind: "step", step: { kind: "upload", row: fetched.row, files, replyTo } };
}

/** How an edit is followed. What was forwarded cannot be edited; what was never delivered stays so. */
export function planEdit(route: Route, message: SourceMessage, find: FindTarget): StepPlan {
  if (!route.edits) return { kind: "nothing", reason: "switched-off" };
  const target = find(message.id);
  if (target === null) return NEVER;
  if (route.action.kind === "forward") return { kind: "nothing", reason: "forwarded" };
  return { kind: "step", step: { kind: "edit", message: target, ...mutable(written(route, [message])) } };
}

/** How deletions are followed. */
export function planDelete(route: Route, ids: readonly number[], find: FindTarget): StepPlan {
  if (!route.deletes) return { kind: "nothing", reason: "switched-off" };
  const messages = ids.map(find).filter((id) => id !== null);
  return messages.length === 0 ? NEVER : { kind: "step", step: { kind: "delete", messages } };
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
