import type { Files } from "../../world/files.ts";
import type { Account, BoxEvent, Channel, StoredMessage } from "../../world/model.ts";
import { LATER_LAYER } from "../tl/codec.ts";
import type { TlObject } from "../tl/schema.ts";
import { mediaObject } from "./media.ts";
import { peerObject, unreadCount } from "./objects.ts";

/**
 * What a message answers and where it is (https://core.telegram.org/api/forum). General has no
 * header of its own.
 */
function replyHeader({ replyTo, topic }: StoredMessage): TlObject | null {
  if (topic === undefined)
    return replyTo === null ? null : { _: "messageReplyHeader", reply_to_msg_id: replyTo };
  const header = { _: "messageReplyHeader", forum_topic: true, reply_to_msg_id: replyTo ?? topic };
  return replyTo === null ? header : { ...header, reply_to_top_id: topic };
}

/** A message in the box of the one who asks. */
export function messageObject(message: StoredMessage, files: Files, viewer: Account): TlObject {
  if (message.unreadable) return { _: LATER_LAYER };
  const { forwarded, peer } = message;
  const copied = message.copied === true && forwarded !== null;
  const isPost = peer.kind === "channel" && message.from === null && !copied;
  const out = message.out || (peer.kind === "channel" && message.from === viewer.id);
  const isNamed = message.from !== null && (out || peer.kind !== "user");
  const sender = isNamed ? { _: "peerUser", user_id: message.from } : null;
  const common = {
    out,
    post: isPost,
    id: message.id,
    from_id: copied ? peerObject(forwarded.from) : sender,
    peer_id: peerObject(peer),
    reply_to: replyHeader(message),
    date: message.date,
  };
  if (message.action) return { _: "messageService", ...common, action: message.action };
  return {
    _: "message",
    ...common,
    fwd_from: forwarded && {
      _: "messageFwdHeader",
      from_id: peerObject(forwarded.from),
      date: forwarded.date,
      channel_post: forwarded.post,
      ...(copied
        ? { saved_from_peer: peerObject(forwarded.from), saved_from_msg_id: forwarded.post }
        : {}),
    },
    message: message.text,
    media: message.media ? mediaObject(message.media, files.reference()) : null,
    entities: message.entities ? [...message.entities] : null,
    noforwards: message.noforwards === true,
    grouped_id: message.groupedId ?? null,
    views: isPost ? 1 : null,
    forwards: isPost ? 0 : null,
    edit_date: message.editDate,
  };
}

/**
 * The update that tells of an event in an account's box. Null for a message that is gone by now.
 */
export function accountUpdate(account: Account, event: BoxEvent, files: Files): TlObject | null {
  const pts = { pts: event.pts, pts_count: event.count };
  switch (event.kind) {
    case "new":
    case "edit": {
      const message = account.box.messages.get(event.id);
      if (!message) return null;
      return {
        _: event.kind === "new" ? "updateNewMessage" : "updateEditMessage",
        message: messageObject(message, files, account),
        ...pts,
      };
    }
    case "delete":
      return { _: "updateDeleteMessages", messages: [...event.ids], ...pts };
    case "read-inbox": {
      const still = unreadCount(account, account.box, event.peer);
      return {
        _: "updateReadHistoryInbox",
        peer: peerObject(event.peer),
        max_id: event.maxId,
        still_unread_count: still,
        ...pts,
      };
    }
    case "read-outbox":
      return {
        _: "updateReadHistoryOutbox",
        peer: peerObject(event.peer),
        max_id: event.maxId,
        ...pts,
      };
  }
}

/** The update that tells `viewer` of an event in a channel. Null for a post that is gone by now. */
export function channelUpdate(
  viewer: Account,
  channel: Channel,
  event: BoxEvent,
  files: Files,
): TlObject | null {
  const pts = { pts: event.pts, pts_count: event.count };
  if (event.kind === "delete")
    return {
      _: "updateDeleteChannelMessages",
      channel_id: channel.id,
      messages: [...event.ids],
      ...pts,
    };
  if (event.kind !== "new" && event.kind !== "edit") return null;
  const message = channel.box.messages.get(event.id);
  if (!message) return null;
  return {
    _: event.kind === "new" ? "updateNewChannelMessage" : "updateEditChannelMessage",
    message: messageObject(message, files, viewer),
    ...pts,
  };
}
