import type { Account, BoxEvent } from "../../world/model.ts";
import type { TlObject } from "../tl/schema.ts";

/**
 * A plain text of a private chat or a basic group as `updateShortMessage` or
 * `updateShortChatMessage`, which introduce no one (https://core.telegram.org/api/updates). Null
 * for everything that has to be told in full.
 */
export function shortForm({ box }: Account, event: BoxEvent): TlObject | null {
  const message = event.kind === "new" ? box.messages.get(event.id) : undefined;
  if (!message || message.from === null || message.peer.kind === "channel") return null;
  if (
    message.forwarded ||
    message.entities?.length ||
    message.noforwards ||
    message.unreadable ||
    message.action ||
    message.media ||
    message.groupedId !== undefined
  )
    return null;
  const { id, date, peer, from, out, text, replyTo } = message;
  const reply = replyTo === null ? null : { _: "messageReplyHeader", reply_to_msg_id: replyTo };
  const common = {
    out,
    id,
    message: text,
    pts: event.pts,
    pts_count: event.count,
    date,
    reply_to: reply,
  };
  if (peer.kind === "user") return { _: "updateShortMessage", user_id: peer.id, ...common };
  return { _: "updateShortChatMessage", from_id: from, chat_id: peer.id, ...common };
}
