import type { Route, SourceMessage } from "@flotilla/contracts";
import { inParts, linkOf, parseTemplate, type RichText, render } from "./template.ts";

/**
 * Longest text below a photo or a document, in UTF-16 units (https://core.telegram.org/api/config,
 * caption_length_limit_default).
 */
const MAX_CAPTION = 1024;

/**
 * Whether a route sends by reference: forwards, and media that a worker copies. The file stays at
 * Telegram, with its own text instead of the template's.
 */
export function isByReference(route: Route, pieces: readonly SourceMessage[]): boolean {
  if (route.action.kind === "forward") return true;
  return route.to.kind === "worker" && pieces.some(({ media }) => media !== null);
}

/**
 * The message as the route sends it; for an album, the piece that has a text. Media that cannot be
 * sent becomes its link.
 */
export function written(
  route: Route,
  pieces: readonly SourceMessage[],
  byReference = isByReference(route, pieces),
): RichText {
  const [first] = pieces;
  const spoken = pieces.find(({ text }) => text !== "") ?? first;
  if (!spoken) return NOTHING;
  const template = route.action.kind === "copy" && !byReference ? route.action.template : "{text}";
  const rich = render(parseTemplate(template), spoken);
  if (byReference || rich.text !== "") return rich;
  return { text: linkOf(spoken) ?? `(${spoken.media ?? "message"})`, entities: [] };
}

/**
 * The caption of a file, at Telegram's limit, and its further parts. `pieces` is its album, or the
 * message itself.
 */
export function captioned(
  route: Route,
  piece: SourceMessage,
  pieces: readonly SourceMessage[],
): ReturnType<typeof inParts> {
  const caption = captionOf(route, piece, pieces);
  if (piece.media !== "sticker") return inParts(caption, MAX_CAPTION);
  return caption.text === "" ? [NOTHING] : [NOTHING, ...inParts(caption)];
}

/**
 * The caption before the limit. A bot fills in the template; in an album, for the pieces with a
 * text, or else for the first.
 */
function captionOf(route: Route, piece: SourceMessage, pieces: readonly SourceMessage[]): RichText {
  const { text, entities } = piece;
  if (route.to.kind !== "bot" || route.action.kind !== "copy") return { text, entities };
  const isSpeaker =
    text !== "" || (piece === pieces[0] && pieces.every((each) => each.text === ""));
  if (isSpeaker) return render(parseTemplate(route.action.template), piece);
  return NOTHING;
}

const NOTHING: RichText = { text: "", entities: [] };
