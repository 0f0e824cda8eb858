import { eventsAfter } from "../../world/box.ts";
import { RpcError } from "../../world/errors.ts";
import {
  type Account,
  type BoxEvent,
  type BoxState,
  type Channel,
  peerKey,
  type StoredMessage,
} from "../../world/model.ts";
import { accountUpdate, channelUpdate, messageObject } from "../render/message.ts";
import { Mentions, unreadCount } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { int, type Method, object, type UserCall } from "./call.ts";
import { channelOfInput } from "./peers.ts";

/** Seconds after which a client may ask again for a channel it is looking at. */
const CHANNEL_POLL_S = 30;

function stateOf(call: UserCall, account: Account, pts = account.box.pts): TlObject {
  const date = Math.floor(call.clock.now() / 1000);
  return { _: "updates.state", pts, qts: account.qts, date, seq: account.seq, unread_count: 0 };
}

/** New messages of a run of events (once each), and the other events as updates. */
function contents(
  box: BoxState,
  events: readonly BoxEvent[],
  update: (event: BoxEvent) => TlObject | null,
): {
  messages: StoredMessage[];
  others: TlObject[];
} {
  const messages = events.flatMap((event) =>
    event.kind === "new" ? (box.messages.get(event.id) ?? []) : [],
  );
  const fresh = new Set(messages.map((message) => message.id));
  const others = events.filter(
    (event) => event.kind !== "new" && !(event.kind === "edit" && fresh.has(event.id)),
  );
  return { messages, others: others.map(update).filter((made) => made !== null) };
}

/**
 * Channels that changed since `date`: the client does not tell where it stands in them, so it is
 * told to ask.
 */
function staleChannels(call: UserCall, date: number): Channel[] {
  const mine = call.world.state.channels
    .values()
    .filter((channel) => channel.members.has(call.account.id));
  return mine.filter((channel) => (channel.box.events.at(-1)?.at ?? 0) >= date).toArray();
}

const getDifference: Method<UserCall> = (call, query) => {
  const { account, limits } = call;
  const pts = int(query, "pts");
  if (pts < 0 || pts > account.box.pts) throw new RpcError(400, "PERSISTENT_TIMESTAMP_INVALID");
  const events = eventsAfter(account.box, pts);
  const tooLong = Math.min(int(query, "pts_total_limit") || limits.tooLong, limits.tooLong);
  if (events.length > tooLong) return { _: "updates.differenceTooLong", pts: account.box.pts };
  const channels = staleChannels(call, int(query, "date"));
  const state = stateOf(call, account);
  if (events.length === 0 && channels.length === 0)
    return { _: "updates.differenceEmpty", date: state["date"], seq: account.seq };
  const slice = Math.min(int(query, "pts_limit") || limits.slice, limits.slice);
  const part = events.slice(0, slice);
  const { messages, others } = contents(account.box, part, (event) =>
    accountUpdate(account, event, call.world.files),
  );
  const mentions = new Mentions(call.world.state, account).messages(messages).objects(others);
  const isLast = part.length === events.length;
  for (const channel of isLast ? channels : []) {
    mentions.peer({ kind: "channel", id: channel.id });
    others.push({ _: "updateChannelTooLong", channel_id: channel.id, pts: channel.box.pts });
  }
  const found = {
    new_messages: messages.map((each) => messageObject(each, call.world.files, call.account)),
    other_updates: others,
    ...mentions.fields(),
  };
  if (isLast) return { _: "updates.difference", ...found, state };
  return {
    _: "updates.differenceSlice",
    ...found,
    intermediate_state: stateOf(call, account, part.at(-1)?.pts),
  };
};

/** A channel in a list of dialogs. */
export function channelDialog(account: Account, channel: Channel): TlObject {
  const peer = { kind: "channel", id: channel.id } as const;
  return {
    _: "dialog",
    peer: { _: "peerChannel", channel_id: channel.id },
    top_message: Math.max(0, ...channel.box.messages.keys()),
    read_inbox_max_id: account.readInbox.get(peerKey(peer)) ?? 0,
    unread_count: unreadCount(account, channel.box, peer),
    notify_settings: { _: "peerNotifySettings" },
    pts: channel.box.pts,
  };
}

const getChannelDifference: Method<UserCall> = (call, query) => {
  const { account, limits } = call;
  const channel = channelOfInput(call, object(query, "channel"));
  const pts = int(query, "pts");
  if (pts < 1) throw new RpcError(400, "PERSISTENT_TIMESTAMP_EMPTY");
  if (pts > channel.box.pts) throw new RpcError(400, "PERSISTENT_TIMESTAMP_INVALID");
  const events = eventsAfter(channel.box, pts);
  const common = { final: true, timeout: CHANNEL_POLL_S };
  if (events.length === 0)
    return { _: "updates.channelDifferenceEmpty", ...common, pts: channel.box.pts };
  const mentions = new Mentions(call.world.state, account).peer({
    kind: "channel",
    id: channel.id,
  });
  if (events.length > limits.channelTooLong) {
    const latest = [...channel.box.messages.values()].slice(-limits.channelPage);
    const fields = mentions.messages(latest).fields();
    const dialog = channelDialog(account, channel);
    return {
      _: "updates.channelDifferenceTooLong",
      ...common,
      dialog,
      messages: latest.map((each) => messageObject(each, call.world.files, call.account)).reverse(),
      ...fields,
    };
  }
  const page = events.slice(
    0,
    Math.min(int(query, "limit") || limits.channelPage, limits.channelPage),
  );
  const { messages, others } = contents(channel.box, page, (event) =>
    channelUpdate(account, channel, event, call.world.files),
  );
  return {
    _: "updates.channelDifference",
    ...common,
    final: page.length === events.length,
    pts: page.at(-1)?.pts,
    new_messages: messages.map((each) => messageObject(each, call.world.files, call.account)),
    other_updates: others,
    ...mentions.messages(messages).objects(others).fields(),
  };
};

/** updates.* (https://core.telegram.org/api/updates). */
export const updateMethods: Record<string, Method<UserCall>> = {
  "updates.getState": (call) => stateOf(call, call.account),
  "updates.getDifference": getDifference,
  "updates.getChannelDifference": getChannelDifference,
};
