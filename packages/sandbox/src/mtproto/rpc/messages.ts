import { randomBytes } from "node:crypto";
import type { Draft } from "../../world/draft.ts";
import { RpcError } from "../../world/errors.ts";
import type { Outcome } from "../../world/messaging.ts";
import type { PeerRef, StoredMessage } from "../../world/model.ts";
import { accountUpdate, channelUpdate } from "../render/message.ts";
import { Mentions } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import {
  int,
  ints,
  long,
  longs,
  type Method,
  object,
  objects,
  text,
  type UserCall,
} from "./call.ts";
import { mediaOf } from "./input-media.ts";
import { channelOfInput, peerOfInput } from "./peers.ts";

/** Telegram keeps only so many messages in one forward. */
const MAX_FORWARDED = 100;

/**
 * The update for what the caller did itself; it comes as the answer and moves the same pts as a
 * pushed one.
 */
function ownUpdate(call: UserCall, peer: PeerRef, { event }: Outcome): TlObject[] {
  const channel = peer.kind === "channel" ? call.world.state.channels.get(peer.id) : undefined;
  const update = channel
    ? channelUpdate(call.account, channel, event, call.world.files)
    : accountUpdate(call.account, event, call.world.files);
  return update ? [update] : [];
}

function answer(call: UserCall, updates: TlObject[], messages: readonly StoredMessage[]): TlObject {
  const fields = new Mentions(call.world.state, call.account).messages(messages).fields();
  return { _: "updates", updates, ...fields, date: Math.floor(call.clock.now() / 1000), seq: 0 };
}

/** What a call sends besides its text. */
type More = Partial<Pick<Draft, "media" | "groupedId">>;

/** Sends what one call says. */
export function sendDraft(call: UserCall, query: TlObject, peer: PeerRef, more: More): TlObject {
  return sendDrafts(call, query, peer, [{ query, more }]);
}

/** Sends the messages of one call, which share their reply. */
export function sendDrafts(
  call: UserCall,
  around: TlObject,
  peer: PeerRef,
  drafts: readonly { readonly query: TlObject; readonly more: More }[],
): TlObject {
  const reply = around["reply_to"] === undefined ? null : object(around, "reply_to");
  const place = {
    replyTo: reply && int(reply, "reply_to_msg_id"),
    topic: (reply && int(reply, "top_msg_id")) || null,
  };
  const updates: TlObject[] = [];
  const sent: StoredMessage[] = [];
  for (const { query, more } of drafts) {
    const randomId = long(query, "random_id");
    const said = {
      text: text(query, "message"),
      randomId,
      ...place,
      entities: objects(query, "entities"),
    };
    const outcome = call.world.messaging.send(
      call.account,
      peer,
      { ...said, ...more },
      call.session,
    );
    sent.push(outcome.message);
    updates.push(
      { _: "updateMessageID", id: outcome.message.id, random_id: randomId },
      ...ownUpdate(call, peer, outcome),
    );
  }
  return answer(call, updates, sent);
}

/**
 * What one says to oneself is answered in the short form
 * (https://core.telegram.org/constructor/updateShortSentMessage).
 */
function shortAnswer(whole: TlObject): TlObject {
  const update = (whole["updates"] as TlObject[]).find(({ _ }) => _ === "updateNewMessage");
  if (!update) return whole;
  const { id, date, entities } = object(update, "message");
  const { pts, pts_count } = update;
  return { _: "updateShortSentMessage", out: true, id, pts, pts_count, date, entities };
}

const sendMessage: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  const whole = sendDraft(call, query, peer, {});
  return peer.kind === "user" && peer.id === call.account.id ? shortAnswer(whole) : whole;
};

/** Where a forwarded message comes from in the end. */
function originOf(message: StoredMessage): NonNullable<StoredMessage["forwarded"]> {
  if (message.forwarded) return message.forwarded;
  const { peer, from, date, id } = message;
  if (peer.kind === "channel") return { from: peer, date, post: id };
  return { from: { kind: "user", id: from ?? peer.id }, date, post: null };
}

const forwardMessages: Method<UserCall> = (call, query) => {
  const source = peerOfInput(call, object(query, "from_peer"));
  const target = peerOfInput(call, object(query, "to_peer"));
  const randomIds = longs(query, "random_id");
  const ids = ints(query, "id");
  if (ids.length === 0 || ids.length > MAX_FORWARDED || ids.length !== randomIds.length)
    throw new RpcError(400, "MESSAGE_IDS_EMPTY");
  const originals = ids.map((id) => inChat(call, source, id));
  if (originals.some((message) => message === null)) throw new RpcError(400, "MESSAGE_ID_INVALID");
  if (originals.some((message) => message?.noforwards === true))
    throw new RpcError(400, "CHAT_FORWARDS_RESTRICTED");
  const albums = new Map<bigint, bigint>();
  const updates: TlObject[] = [];
  const sent: StoredMessage[] = [];
  for (const [index, original] of originals.entries()) {
    if (!original) continue;
    const randomId = randomIds[index] ?? 0n;
    const draft = {
      text: original.text,
      randomId,
      topic: topicOf(query),
      forwarded: query["drop_author"] === true ? null : originOf(original),
      ...(original.entities === undefined ? {} : { entities: original.entities }),
      ...(original.media === undefined ? {} : { media: original.media }),
      ...(original.groupedId === undefined
        ? {}
        : { groupedId: albumOf(albums, original.groupedId) }),
    };
    const outcome = call.world.messaging.send(call.account, target, draft, call.session);
    sent.push(outcome.message);
    updates.push(
      { _: "updateMessageID", id: outcome.message.id, random_id: randomId },
      ...ownUpdate(call, target, outcome),
    );
  }
  return answer(call, updates, sent);
};

/** Layers since 200 may name the topic by a reply. */
function topicOf(query: TlObject): number | null {
  const reply = query["reply_to"] === undefined ? null : object(query, "reply_to");
  return (
    int(query, "top_msg_id") ||
    (reply && (int(reply, "top_msg_id") || int(reply, "reply_to_msg_id"))) ||
    null
  );
}

/** What is forwarded together becomes an album of its own. */
function albumOf(albums: Map<bigint, bigint>, original: bigint): bigint {
  const album = albums.get(original) ?? randomBytes(8).readBigInt64LE();
  albums.set(original, album);
  return album;
}

function inChat(call: UserCall, peer: PeerRef, id: number): StoredMessage | null {
  const box =
    peer.kind === "channel" ? call.world.state.channels.get(peer.id)?.box : call.account.box;
  const message = box?.messages.get(id);
  return message?.peer.kind === peer.kind && message.peer.id === peer.id ? message : null;
}

const editMessage: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  const id = int(query, "id");
  if (!inChat(call, peer, id)) throw new RpcError(400, "MESSAGE_ID_INVALID");
  const media =
    query["media"] === undefined ? {} : { media: mediaOf(call, object(query, "media")) };
  const said = { text: text(query, "message"), entities: objects(query, "entities"), ...media };
  const outcome = call.world.messaging.edit(call.account, { peer, id }, said, call.session);
  return answer(call, ownUpdate(call, peer, outcome), [outcome.message]);
};

function affected(pts: number, count: number): TlObject {
  return { _: "messages.affectedMessages", pts, pts_count: count };
}

const deleteMessages: Method<UserCall> = (call, query) => {
  const event = call.world.messaging.delete(
    call.account,
    ints(query, "id"),
    query["revoke"] === true,
    call.session,
  );
  return affected(call.account.box.pts, event?.count ?? 0);
};

const deleteChannelMessages: Method<UserCall> = (call, query) => {
  const channel = channelOfInput(call, object(query, "channel"));
  const event = call.world.messaging.deleteInChannel(
    call.account,
    channel,
    ints(query, "id"),
    call.session,
  );
  return affected(channel.box.pts, event?.count ?? 0);
};

const readHistory: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  if (peer.kind === "channel") throw new RpcError(400, "PEER_ID_INVALID");
  const event = call.world.messaging.read(call.account, peer, int(query, "max_id"), call.session);
  return affected(call.account.box.pts, event?.count ?? 0);
};

const readChannelHistory: Method<UserCall> = (call, query) => {
  const channel = channelOfInput(call, object(query, "channel"));
  call.world.messaging.readChannel(call.account, channel, int(query, "max_id"), call.session);
  return true;
};

/** Sending, changing and reading messages. */
export const messageMethods: Record<string, Method<UserCall>> = {
  "messages.sendMessage": sendMessage,
  "messages.forwardMessages": forwardMessages,
  "messages.editMessage": editMessage,
  "messages.deleteMessages": deleteMessages,
  "messages.readHistory": readHistory,
  "channels.deleteMessages": deleteChannelMessages,
  "channels.readHistory": readChannelHistory,
};
