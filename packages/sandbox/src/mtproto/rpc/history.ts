import { messagesOf } from "../../world/box.ts";
import { RpcError } from "../../world/errors.ts";
import { inTopic } from "../../world/forum.ts";
import {
  type Account,
  type Channel,
  GENERAL_TOPIC,
  type PeerRef,
  peerKey,
  type StoredMessage,
  samePeer,
} from "../../world/model.ts";
import { messageObject } from "../render/message.ts";
import { Mentions, peerObject, unreadCount } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { int, type Method, object, objects, type UserCall } from "./call.ts";
import { channelOfInput, peerOfInput } from "./peers.ts";
import { channelDialog } from "./updates.ts";

const MAX_PAGE = 100;

/** A page of a chat, newest first (https://core.telegram.org/api/offsets). */
function page(messages: readonly StoredMessage[], query: TlObject): StoredMessage[] {
  const newestFirst = [...messages].sort((a, b) => b.id - a.id);
  const [offsetId, offsetDate] = [int(query, "offset_id"), int(query, "offset_date")];
  const isBefore = (message: StoredMessage): boolean =>
    (offsetId === 0 || message.id < offsetId) && (offsetDate === 0 || message.date < offsetDate);
  const found = newestFirst.findIndex(isBefore);
  const first = (found === -1 ? newestFirst.length : found) + int(query, "add_offset");
  const limit = Math.min(int(query, "limit") || MAX_PAGE, MAX_PAGE);
  const [minId, maxId] = [int(query, "min_id"), int(query, "max_id")];
  return newestFirst
    .slice(Math.max(0, first), Math.max(0, first + limit))
    .filter(({ id }) => (minId === 0 || id > minId) && (maxId === 0 || id < maxId));
}

function found(
  call: UserCall,
  messages: readonly StoredMessage[],
  channel: Channel | null,
  total: number,
): TlObject {
  const mentions = new Mentions(call.world.state, call.account).messages(messages);
  if (!channel) {
    const fields = {
      messages: messages.map((each) => messageObject(each, call.world.files, call.account)),
      ...mentions.fields(),
    };
    return total > messages.length
      ? { _: "messages.messagesSlice", count: total, ...fields }
      : { _: "messages.messages", ...fields };
  }
  const fields = mentions.peer({ kind: "channel", id: channel.id }).fields();
  return {
    _: "messages.channelMessages",
    pts: channel.box.pts,
    count: total,
    messages: messages.map((each) => messageObject(each, call.world.files, call.account)),
    ...fields,
  };
}

const getHistory: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  const channel = peer.kind === "channel" ? (call.world.state.channels.get(peer.id) ?? null) : null;
  const all = channel ? [...channel.box.messages.values()] : messagesOf(call.account.box, peer);
  return found(call, page(all, query), channel, all.length);
};

/** What was said in a topic. */
const getReplies: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  const channel = peer.kind === "channel" ? (call.world.state.channels.get(peer.id) ?? null) : null;
  const topic = int(query, "msg_id");
  const isKnown = topic === GENERAL_TOPIC || channel?.topics?.get(topic)?.deleted === false;
  if (!channel || !isKnown) throw new RpcError(400, "TOPIC_ID_INVALID");
  const all = [...channel.box.messages.values()].filter((message) => inTopic(message, topic));
  return found(call, page(all, query), channel, all.length);
};

function wanted(
  call: UserCall,
  query: TlObject,
  messages: ReadonlyMap<number, StoredMessage>,
  channel: Channel | null,
): TlObject {
  const ids = objects(query, "id").map((input) => int(input, "id"));
  const there = ids.map((id) => messages.get(id)).filter((message) => message !== undefined);
  const result = found(call, there, channel, ids.length);
  const byId = ids.map((id) => messages.get(id));
  const list = byId.map((message, index) =>
    message
      ? messageObject(message, call.world.files, call.account)
      : { _: "messageEmpty", id: ids[index] },
  );
  return {
    ...result,
    _: channel ? "messages.channelMessages" : "messages.messages",
    messages: list,
  };
}

interface Dialog {
  readonly peer: PeerRef;
  readonly top: StoredMessage | null;
  readonly date: number;
  readonly object: TlObject;
}

function boxDialogs(account: Account): Dialog[] {
  const chats = new Map<string, { peer: PeerRef; top: StoredMessage }>();
  for (const message of account.box.messages.values())
    chats.set(peerKey(message.peer), { peer: message.peer, top: message });
  return [...chats.values()].map(({ peer, top }) => ({
    peer,
    top,
    date: top.date,
    object: {
      _: "dialog",
      peer: peerObject(peer),
      top_message: top.id,
      read_inbox_max_id: account.readInbox.get(peerKey(peer)) ?? 0,
      read_outbox_max_id: account.readOutbox.get(peerKey(peer)) ?? 0,
      unread_count: unreadCount(account, account.box, peer),
      notify_settings: { _: "peerNotifySettings" },
    },
  }));
}

function channelDialogs(call: UserCall): Dialog[] {
  const mine = call.world.state.channels
    .values()
    .filter((channel) => channel.members.has(call.account.id));
  return mine
    .map((channel) => {
      const top = [...channel.box.messages.values()].at(-1) ?? null;
      const peer = { kind: "channel", id: channel.id } as const;
      return {
        peer,
        top,
        date: top?.date ?? channel.createdAt,
        object: channelDialog(call.account, channel),
      };
    })
    .toArray();
}

const getDialogs: Method<UserCall> = (call, query) => {
  const [offsetDate, offsetId] = [int(query, "offset_date"), int(query, "offset_id")];
  const all = [...boxDialogs(call.account), ...channelDialogs(call)].sort(
    (a, b) => b.date - a.date,
  );
  const isNext = ({ date, top }: Dialog): boolean =>
    offsetDate === 0 || date < offsetDate || (date === offsetDate && (top?.id ?? 0) < offsetId);
  const rest = all.filter(isNext);
  const part = rest.slice(0, Math.min(int(query, "limit") || MAX_PAGE, MAX_PAGE));
  const tops = part.map(({ top }) => top).filter((top) => top !== null);
  const mentions = new Mentions(call.world.state, call.account)
    .messages(tops)
    .objects(part.map((dialog) => dialog.object));
  const fields = {
    dialogs: part.map((dialog) => dialog.object),
    messages: tops.map((each) => messageObject(each, call.world.files, call.account)),
    ...mentions.fields(),
  };
  if (part.length === all.length) return { _: "messages.dialogs", ...fields };
  return { _: "messages.dialogsSlice", count: all.length, ...fields };
};

function getPeerDialogs(call: UserCall, query: TlObject): TlObject {
  const wantedPeers = objects(query, "peers").map((input) =>
    peerOfInput(call, object(input, "peer")),
  );
  const isWanted = (dialog: Dialog): boolean =>
    wantedPeers.some((peer) => samePeer(peer, dialog.peer));
  const part = [...boxDialogs(call.account), ...channelDialogs(call)].filter(isWanted);
  const tops = part.map(({ top }) => top).filter((top) => top !== null);
  const mentions = new Mentions(call.world.state, call.account)
    .messages(tops)
    .objects(part.map((dialog) => dialog.object));
  const { account, clock } = call;
  const state = {
    _: "updates.state",
    pts: account.box.pts,
    qts: account.qts,
    date: Math.floor(clock.now() / 1000),
    seq: account.seq,
  };
  return {
    _: "messages.peerDialogs",
    dialogs: part.map((dialog) => dialog.object),
    messages: tops.map((each) => messageObject(each, call.world.files, call.account)),
    ...mentions.fields(),
    state,
  };
}

/** Looking at chats. */
export const historyMethods: Record<string, Method<UserCall>> = {
  "messages.getHistory": getHistory,
  "messages.getReplies": getReplies,
  "messages.getMessages": (call, query) => wanted(call, query, call.account.box.messages, null),
  "messages.getDialogs": getDialogs,
  "messages.getPeerDialogs": getPeerDialogs,
  "channels.getMessages": (call, query) => {
    const channel = channelOfInput(call, object(query, "channel"));
    return wanted(call, query, channel.box.messages, channel);
  },
};
