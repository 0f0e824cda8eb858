import { addMessage, deleteMessages } from "./box.ts";
import { type Draft, plainMessage } from "./draft.ts";
import { RpcError } from "./errors.ts";
import type { Origin, WorldEvent } from "./events.ts";
import type { Outcome } from "./messaging.ts";
import {
  type BoxEvent,
  type Channel,
  GENERAL_TOPIC,
  type StoredMessage,
  type Topic,
} from "./model.ts";

/** One of Telegram's six colours of topics. */
const ICON_COLOUR = 0x6fb9f0;
const MAX_TITLE = 128;

/**
 * Where a message goes in a supergroup. An answer goes where the answered message is; where that is
 * gone, and for a message that answers nothing, what the call names counts
 * (https://core.telegram.org/api/forum, inputReplyToMessage.top_msg_id). To answer the first
 * message of a topic is to write in it. Throws TOPIC_DELETED, TOPIC_CLOSED.
 */
export function placeOf(
  channel: Channel,
  from: bigint,
  { replyTo = null, topic = null }: Draft,
): Partial<StoredMessage> {
  const { topics, box, owner } = channel;
  if (!topics) return { replyTo: replyTo !== null && box.messages.has(replyTo) ? replyTo : null };
  const answered = replyTo === null ? undefined : box.messages.get(replyTo);
  const isRoot = replyTo !== null && (topics.has(replyTo) || replyTo === GENERAL_TOPIC);
  const asked = isRoot ? replyTo : (topic ?? GENERAL_TOPIC);
  const id = answered && !isRoot ? (answered.topic ?? GENERAL_TOPIC) : asked;
  const answers = { replyTo: answered && !isRoot ? answered.id : null };
  if (id === GENERAL_TOPIC) return answers;
  const found = topics.get(id);
  if (!found || found.deleted) throw new RpcError(400, "TOPIC_DELETED");
  if (found.closed && owner !== from) throw new RpcError(400, "TOPIC_CLOSED");
  return { ...answers, topic: found.id };
}

/** Topics of forums: made, renamed, closed, deleted. */
export class Forums {
  readonly #now: () => number;
  readonly #emit: (event: WorldEvent) => void;

  /** `now`: Unix seconds. */
  constructor(now: () => number, emit: (event: WorldEvent) => void) {
    this.#now = now;
    this.#emit = emit;
  }

  /** What the first message of every supergroup says. It is the root of the General topic. */
  found(channel: Channel): void {
    const action = { _: "messageActionChannelCreate", title: channel.title };
    this.#announce(channel, channel.owner, { action }, null);
  }

  /** Throws CHANNEL_FORUM_MISSING, TOPIC_TITLE_EMPTY. */
  create(channel: Channel, by: bigint, title: string, origin: Origin | null): Outcome {
    const topics = topicsOf(channel);
    if (title.trim() === "" || title.length > MAX_TITLE)
      throw new RpcError(400, "TOPIC_TITLE_EMPTY");
    const action = { _: "messageActionTopicCreate", title, icon_color: ICON_COLOUR };
    const id = channel.box.lastId + 1;
    topics.set(id, {
      id,
      title,
      creator: by,
      createdAt: this.#now(),
      closed: false,
      deleted: false,
    });
    return this.#announce(channel, by, { action }, origin);
  }

  /** Throws CHANNEL_FORUM_MISSING, TOPIC_ID_INVALID, CHAT_ADMIN_REQUIRED, TOPIC_NOT_MODIFIED. */
  edit(
    channel: Channel,
    by: bigint,
    change: { id: number; title?: string; closed?: boolean },
    origin: Origin | null,
  ): Outcome {
    const topic = this.#mine(channel, by, change.id);
    const { title = topic.title, closed = topic.closed } = change;
    if (title === topic.title && closed === topic.closed)
      throw new RpcError(400, "TOPIC_NOT_MODIFIED");
    const action = {
      _: "messageActionTopicEdit",
      ...(title === topic.title ? {} : { title }),
      ...(closed === topic.closed ? {} : { closed }),
    };
    Object.assign(topic, { title, closed });
    return this.#announce(channel, by, { action, topic: topic.id }, origin);
  }

  /**
   * Deletes a topic with its messages. Throws CHANNEL_FORUM_MISSING, TOPIC_ID_INVALID,
   * CHAT_ADMIN_REQUIRED.
   */
  delete(channel: Channel, by: bigint, id: number, origin: Origin | null): BoxEvent | null {
    this.#mine(channel, by, id).deleted = true;
    const ids = [...channel.box.messages.values()]
      .filter((each) => inTopic(each, id))
      .map((each) => each.id);
    const event = deleteMessages(channel.box, ids, this.#now());
    if (event) this.#emit({ kind: "channel-box", channel: channel.id, event, origin });
    return event;
  }

  /** A topic that `by` may change. */
  #mine(channel: Channel, by: bigint, id: number): Topic {
    const topic = topicsOf(channel).get(id);
    if (!topic || topic.deleted) throw new RpcError(400, "TOPIC_ID_INVALID");
    if (topic.creator !== by && channel.owner !== by)
      throw new RpcError(400, "CHAT_ADMIN_REQUIRED");
    return topic;
  }

  #announce(
    channel: Channel,
    from: bigint | null,
    more: Partial<StoredMessage>,
    origin: Origin | null,
  ): Outcome {
    const blank = plainMessage({ kind: "channel", id: channel.id }, "", this.#now());
    const told = addMessage(channel.box, { ...blank, from, ...more });
    this.#emit({ kind: "channel-box", channel: channel.id, event: told.event, origin });
    return told;
  }
}

/** The topics of a forum. Throws CHANNEL_FORUM_MISSING. */
export function topicsOf({ topics }: Channel): Map<number, Topic> {
  if (!topics) throw new RpcError(400, "CHANNEL_FORUM_MISSING");
  return topics;
}

/** Does a message belong to a topic, its first message included? */
export function inTopic(message: StoredMessage, topic: number): boolean {
  if (topic === GENERAL_TOPIC)
    return message.topic === undefined && message.action?._ !== "messageActionTopicCreate";
  return message.topic === topic || message.id === topic;
}
