import { inTopic, topicsOf } from "../../world/forum.ts";
import type { Outcome } from "../../world/messaging.ts";
import { type Channel, GENERAL_TOPIC, type StoredMessage, type Topic } from "../../world/model.ts";
import { channelUpdate, messageObject } from "../render/message.ts";
import { Mentions } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { int, ints, long, type Method, object, text, type UserCall } from "./call.ts";
import { channelOfInput } from "./peers.ts";

const MAX_PAGE = 100;

/** Layers before 214 name the forum as a channel, later ones as a peer. */
function forumOf(call: UserCall, query: TlObject): Channel {
  return channelOfInput(call, object(query, query["channel"] === undefined ? "peer" : "channel"));
}

/** General has no entry of its own: it is as old as the forum. */
function general({ createdAt, owner }: Channel): Topic {
  return {
    id: GENERAL_TOPIC,
    title: "General",
    creator: owner ?? 0n,
    createdAt,
    closed: false,
    deleted: false,
  };
}

function alive(channel: Channel): Topic[] {
  return [general(channel), ...[...topicsOf(channel).values()].filter(({ deleted }) => !deleted)];
}

function topOf(channel: Channel, { id }: Topic): StoredMessage | null {
  return [...channel.box.messages.values()].findLast((message) => inTopic(message, id)) ?? null;
}

function topicObject(call: UserCall, channel: Channel, topic: Topic): TlObject {
  return {
    _: "forumTopic",
    my: topic.creator === call.account.id,
    closed: topic.closed,
    id: topic.id,
    date: topic.createdAt,
    peer: { _: "peerChannel", channel_id: channel.id },
    title: topic.title,
    icon_color: 0x6fb9f0,
    top_message: topOf(channel, topic)?.id ?? 0,
    read_inbox_max_id: 0,
    read_outbox_max_id: 0,
    unread_count: 0,
    unread_mentions_count: 0,
    unread_reactions_count: 0,
    unread_poll_votes_count: 0,
    from_id: { _: "peerUser", user_id: topic.creator },
    notify_settings: { _: "peerNotifySettings" },
  };
}

function answer(
  call: UserCall,
  channel: Channel,
  topics: readonly Topic[],
  more: { count: number; gone?: number[] },
): TlObject {
  const tops = topics.map((topic) => topOf(channel, topic)).filter((top) => top !== null);
  const mentions = new Mentions(call.world.state, call.account)
    .messages(tops)
    .peer({ kind: "channel", id: channel.id });
  for (const { creator } of topics) mentions.user(creator);
  return {
    _: "messages.forumTopics",
    count: more.count,
    topics: [
      ...topics.map((topic) => topicObject(call, channel, topic)),
      ...(more.gone ?? []).map((id) => ({ _: "forumTopicDeleted", id })),
    ],
    messages: tops.map((top) => messageObject(top, call.world.files, call.account)),
    ...mentions.fields(),
    pts: channel.box.pts,
  };
}

/** Newest word first; a page continues behind the topic of the offset. */
const getForumTopics: Method<UserCall> = (call, query) => {
  const channel = forumOf(call, query);
  const wanted = text(query, "q").toLowerCase();
  const last = (topic: Topic): number => topOf(channel, topic)?.id ?? topic.id;
  const all = alive(channel)
    .filter(({ title }) => title.toLowerCase().includes(wanted))
    .sort((a, b) => last(b) - last(a));
  const first = all.findIndex(({ id }) => id === int(query, "offset_topic")) + 1;
  const page = all.slice(first, first + Math.min(int(query, "limit") || MAX_PAGE, MAX_PAGE));
  return answer(call, channel, page, { count: all.length });
};

const getForumTopicsByID: Method<UserCall> = (call, query) => {
  const channel = forumOf(call, query);
  const ids = ints(query, "topics");
  const found = alive(channel).filter(({ id }) => ids.includes(id));
  const gone = ids.filter((id) => !found.some((topic) => topic.id === id));
  return answer(call, channel, found, { count: ids.length, gone });
};

function told(
  call: UserCall,
  channel: Channel,
  { message, event }: Outcome,
  before: TlObject[] = [],
): TlObject {
  const update = channelUpdate(call.account, channel, event, call.world.files);
  const fields = new Mentions(call.world.state, call.account).messages([message]).fields();
  const date = Math.floor(call.clock.now() / 1000);
  return {
    _: "updates",
    updates: [...before, ...(update ? [update] : [])],
    ...fields,
    date,
    seq: 0,
  };
}

const createForumTopic: Method<UserCall> = (call, query) => {
  const channel = forumOf(call, query);
  const outcome = call.world.forums.create(
    channel,
    call.account.id,
    text(query, "title"),
    call.session,
  );
  const id = { _: "updateMessageID", id: outcome.message.id, random_id: long(query, "random_id") };
  return told(call, channel, outcome, [id]);
};

const editForumTopic: Method<UserCall> = (call, query) => {
  const channel = forumOf(call, query);
  const { title, closed } = query;
  const change = {
    id: int(query, "topic_id"),
    ...(typeof title === "string" ? { title } : {}),
    ...(typeof closed === "boolean" ? { closed } : {}),
  };
  return told(
    call,
    channel,
    call.world.forums.edit(channel, call.account.id, change, call.session),
  );
};

const deleteTopicHistory: Method<UserCall> = (call, query) => {
  const channel = forumOf(call, query);
  const event = call.world.forums.delete(
    channel,
    call.account.id,
    int(query, "top_msg_id"),
    call.session,
  );
  return {
    _: "messages.affectedHistory",
    pts: channel.box.pts,
    pts_count: event?.count ?? 0,
    offset: 0,
  };
};

const both = (name: string, method: Method<UserCall>): Record<string, Method<UserCall>> => ({
  [`channels.${name}`]: method,
  [`messages.${name}`]: method,
});

/**
 * Topics of forums (https://core.telegram.org/api/forum), under their names in older and newer
 * layers.
 */
export const forumMethods: Record<string, Method<UserCall>> = {
  ...both("getForumTopics", getForumTopics),
  ...both("getForumTopicsByID", getForumTopicsByID),
  ...both("createForumTopic", createForumTopic),
  ...both("editForumTopic", editForumTopic),
  ...both("deleteTopicHistory", deleteTopicHistory),
};
