import type { TlObject } from "../mtproto/tl/schema.ts";
import { RpcError } from "./errors.ts";
import type { StoredMessage } from "./model.ts";

/** Longest text of a message, in UTF-16 units. */
const MAX_TEXT = 4096;

/** What a new message says. */
export interface Draft {
  readonly text: string;
  readonly replyTo?: number | null;
  readonly forwarded?: StoredMessage["forwarded"];
  readonly entities?: readonly TlObject[];
  readonly noforwards?: boolean;
  readonly groupedId?: bigint;
  /** The sender's de-duplication id; null for messages made by the control API. */
  readonly randomId?: bigint | null;
}

/** What goes into the stored message as it is. */
export function extras({ forwarded, replyTo, entities, noforwards, groupedId }: Draft): Partial<StoredMessage> {
  return {
    forwarded: forwarded ?? null,
    replyTo: replyTo ?? null,
    ...(entities === undefined ? {} : { entities }),
    ...(noforwards === undefined ? {} : { noforwards }),
    ...(groupedId === undefined ? {} : { groupedId }),
  };
}

/** Throws MESSAGE_EMPTY, MESSAGE_TOO_LONG. */
export function checkText(text: string): void {
  if (text.trim() === "") throw new RpcError(400, "MESSAGE_EMPTY");
  if (text.length > MAX_TEXT) throw new RpcError(400, "MESSAGE_TOO_LONG");
}
