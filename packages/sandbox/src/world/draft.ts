import type { TlObject } from "../mtproto/tl/schema.ts";
import { RpcError } from "./errors.ts";
import type { PeerRef, ShownMedia, StoredMedia, StoredMessage } from "./model.ts";

/** Longest text of a message, in UTF-16 units. */
const MAX_TEXT = 4096;
/** The same below a photo or a document. */
const MAX_CAPTION = 1024;

/** What a new message says. */
export interface Draft {
  readonly text: string;
  readonly replyTo?: number | null;
  /** Where it goes in a forum, if it answers nothing that is still there; absent: General. */
  readonly topic?: number | null;
  readonly forwarded?: StoredMessage["forwarded"];
  readonly entities?: readonly TlObject[];
  readonly noforwards?: boolean;
  readonly groupedId?: bigint;
  readonly unreadable?: boolean;
  readonly media?: StoredMedia | ShownMedia;
  /** The sender's de-duplication id; null for messages made by the control API. */
  readonly randomId?: bigint | null;
}

/** What an edit leaves a message with. Absent media stays as it is. */
export type Change = Pick<Draft, "text" | "entities" | "media">;

/** A message that says only this. `date`: Unix seconds. */
export function plainMessage(peer: PeerRef, text: string, date: number): Omit<StoredMessage, "id"> {
  return {
    date,
    peer,
    from: null,
    out: false,
    text,
    editDate: null,
    forwarded: null,
    replyTo: null,
  };
}

/** What goes into the stored message as it is. */
export function extras(draft: Draft): Partial<StoredMessage> {
  const { forwarded, replyTo, entities, noforwards, groupedId, media, unreadable } = draft;
  return {
    forwarded: forwarded ?? null,
    replyTo: replyTo ?? null,
    ...(entities === undefined ? {} : { entities }),
    ...(noforwards === undefined ? {} : { noforwards }),
    ...(unreadable === undefined ? {} : { unreadable }),
    ...(groupedId === undefined ? {} : { groupedId }),
    ...(media === undefined ? {} : { media }),
  };
}

/**
 * Throws MESSAGE_EMPTY, MESSAGE_TOO_LONG, MEDIA_CAPTION_TOO_LONG. `premium`: captions may be as
 * long as texts.
 */
export function checkText(text: string, media?: StoredMedia | ShownMedia, premium = false): void {
  if (media && text.length > (premium ? MAX_TEXT : MAX_CAPTION))
    throw new RpcError(400, "MEDIA_CAPTION_TOO_LONG");
  if (media) return;
  if (text.trim() === "") throw new RpcError(400, "MESSAGE_EMPTY");
  if (text.length > MAX_TEXT) throw new RpcError(400, "MESSAGE_TOO_LONG");
}
