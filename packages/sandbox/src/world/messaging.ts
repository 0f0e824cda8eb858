import { isDeepStrictEqual } from "node:util";
import type { TlObject } from "../mtproto/tl/schema.ts";
import { addMessage, deleteMessages, messagesOf, recordEvent } from "./box.ts";
import type { MovableClock } from "./clock.ts";
import { type Change, checkText, type Draft, extras, plainMessage } from "./draft.ts";
import { RpcError } from "./errors.ts";
import type { Origin, WorldEvent } from "./events.ts";
import { placeOf } from "./forum.ts";
import type {
  Account,
  BoxEvent,
  BoxState,
  Channel,
  Group,
  PeerRef,
  StoredMessage,
  WorldState,
} from "./model.ts";
import { peerKey, SERVICE_USER_ID } from "./model.ts";

/**
 * What became of a call: the message or messages in the caller's view, and the events that moved a
 * pts.
 */
export interface Outcome {
  readonly message: StoredMessage;
  readonly event: BoxEvent;
}

interface MessagingOptions {
  readonly state: WorldState;
  readonly clock: MovableClock;
  readonly emit: (event: WorldEvent) => void;
  readonly notice: (text: string) => void;
}

/**
 * Messages in private chats and channels: sent, edited, deleted, read, each in the box it belongs
 * to.
 */
export class Messaging {
  readonly #state: WorldState;
  readonly #clock: MovableClock;
  readonly #emit: (event: WorldEvent) => void;
  readonly #notice: (text: string) => void;

  constructor(options: MessagingOptions) {
    this.#state = options.state;
    this.#clock = options.clock;
    this.#emit = options.emit;
    this.#notice = options.notice;
  }

  /** Sends into a private chat or a channel. Throws RpcError with Telegram's reasons. */
  send(from: Account, peer: PeerRef, draft: Draft, origin: Origin | null): Outcome {
    checkText(draft.text, draft.media);
    const randomId = draft.randomId ?? null;
    if (randomId !== null && from.sent.has(randomId)) {
      from.duplicates = (from.duplicates ?? 0) + 1;
      throw new RpcError(500, "RANDOM_ID_DUPLICATE");
    }
    const outcome = this.#sendTo(from, peer, draft, origin);
    // What was refused may be tried again under the same id.
    if (randomId !== null) from.sent.add(randomId);
    this.#notice(draft.text);
    return outcome;
  }

  /** A message from Telegram itself (777000); login codes in it stay valid. */
  sendService(to: Account, text: string): void {
    const peer: PeerRef = { kind: "user", id: SERVICE_USER_ID };
    const { event } = addMessage(to.box, {
      ...plainMessage(peer, text, this.#now()),
      from: SERVICE_USER_ID,
    });
    this.#emit({ kind: "account-box", account: to.id, event, origin: null });
  }

  /** Throws MESSAGE_ID_INVALID, MESSAGE_AUTHOR_REQUIRED, MESSAGE_NOT_MODIFIED. */
  edit(
    by: Account,
    ref: { peer: PeerRef; id: number },
    change: Change,
    origin: Origin | null,
  ): Outcome {
    const box = this.#boxOf(by, ref.peer);
    const message = box.messages.get(ref.id);
    if (!message) throw new RpcError(400, "MESSAGE_ID_INVALID");
    checkText(change.text, change.media ?? message.media);
    if (!this.#mayChange(by, message)) throw new RpcError(403, "MESSAGE_AUTHOR_REQUIRED");
    if (changesNothing(message, change)) throw new RpcError(400, "MESSAGE_NOT_MODIFIED");
    const event = this.#edited(box, message, change);
    if (ref.peer.kind === "channel") {
      this.#emit({ kind: "channel-box", channel: ref.peer.id, event, origin });
      const channel = this.#state.channels.get(ref.peer.id);
      if (channel) this.#editCopy(channel, ref.id, change);
    } else this.#emit({ kind: "account-box", account: by.id, event, origin });
    for (const { account, message: copy } of this.#others(by, message))
      this.#emit({
        kind: "account-box",
        account: account.id,
        event: this.#edited(account.box, copy, change),
        origin,
      });
    this.#notice(change.text);
    return { message, event };
  }

  /**
   * Deletes from private chats and groups; with `revoke` for the others as well. Null when nothing
   * was there.
   */
  delete(
    by: Account,
    ids: readonly number[],
    revoke: boolean,
    origin: Origin | null,
  ): BoxEvent | null {
    const copies = ids
      .map((id) => by.box.messages.get(id))
      .flatMap((message) => (message ? this.#others(by, message) : []));
    const event = deleteMessages(by.box, ids, this.#now());
    if (event) this.#emit({ kind: "account-box", account: by.id, event, origin });
    for (const { account, message } of revoke ? copies : []) {
      const other = deleteMessages(account.box, [message.id], this.#now());
      if (other) this.#emit({ kind: "account-box", account: account.id, event: other, origin });
    }
    return event;
  }

  /** Throws MESSAGE_DELETE_FORBIDDEN. */
  deleteInChannel(
    by: Account,
    channel: Channel,
    ids: readonly number[],
    origin: Origin | null,
  ): BoxEvent | null {
    const isOwn = (id: number): boolean => channel.box.messages.get(id)?.from === by.id;
    if (channel.owner !== by.id && !ids.every(isOwn))
      throw new RpcError(403, "MESSAGE_DELETE_FORBIDDEN");
    const event = deleteMessages(channel.box, ids, this.#now());
    if (event) this.#emit({ kind: "channel-box", channel: channel.id, event, origin });
    return event;
  }

  /**
   * Marks a private chat or a group as read up to `maxId` (0 = all of it). Null when that changes
   * nothing.
   */
  read(by: Account, peer: PeerRef, maxId: number, origin: Origin | null): BoxEvent | null {
    const incoming = messagesOf(by.box, peer).filter(
      (message) => !message.out && (maxId === 0 || message.id <= maxId),
    );
    const last = incoming.at(-1);
    if (!last || last.id <= (by.readInbox.get(peerKey(peer)) ?? 0)) return null;
    by.readInbox.set(peerKey(peer), last.id);
    const event = recordEvent(by.box, { kind: "read-inbox", peer, maxId: last.id }, 1, this.#now());
    this.#emit({ kind: "account-box", account: by.id, event, origin });
    const theirs = this.#others(by, last).find(({ account }) => account.id === last.from);
    const seenAs: PeerRef = peer.kind === "group" ? peer : { kind: "user", id: by.id };
    if (theirs) this.#readByOther(theirs.account, seenAs, theirs.message.id);
    return event;
  }

  readChannel(by: Account, channel: Channel, maxId: number, origin: Origin | null): void {
    const key = peerKey({ kind: "channel", id: channel.id });
    const upTo = Math.min(maxId === 0 ? channel.box.lastId : maxId, channel.box.lastId);
    if (upTo <= (by.readInbox.get(key) ?? 0)) return;
    by.readInbox.set(key, upTo);
    this.#emit({ kind: "channel-read", account: by.id, channel: channel.id, maxId: upTo, origin });
  }

  #readByOther(other: Account, peer: PeerRef, maxId: number): void {
    other.readOutbox.set(peerKey(peer), maxId);
    const event = recordEvent(other.box, { kind: "read-outbox", peer, maxId }, 1, this.#now());
    this.#emit({ kind: "account-box", account: other.id, event, origin: null });
  }

  #sendTo(from: Account, peer: PeerRef, draft: Draft, origin: Origin | null): Outcome {
    switch (peer.kind) {
      case "user":
        return this.#sendPrivate(from, peer.id, draft, origin);
      case "group":
        return this.#sendToGroup(from, peer.id, draft, origin);
      case "channel":
        return this.#post(from, peer.id, draft, origin);
    }
  }

  #sendPrivate(from: Account, to: bigint, draft: Draft, origin: Origin | null): Outcome {
    const recipient = to === SERVICE_USER_ID ? undefined : this.#state.accounts.get(to);
    if (!recipient) throw new RpcError(400, "PEER_ID_INVALID");
    const here: PeerRef = { kind: "user", id: to };
    const there: PeerRef = { kind: "user", id: from.id };
    return this.#sendToBoxes(
      from,
      { here, there, others: recipient === from ? [] : [recipient] },
      draft,
      origin,
    );
  }

  #sendToGroup(from: Account, id: bigint, draft: Draft, origin: Origin | null): Outcome {
    const group = this.#state.groups.get(id);
    if (!group?.members.has(from.id) || group.migratedTo !== undefined)
      throw new RpcError(400, "PEER_ID_INVALID");
    const others = [...group.members].flatMap((member) =>
      member === from.id ? [] : (this.#state.accounts.get(member) ?? []),
    );
    const peer: PeerRef = { kind: "group", id };
    return this.#sendToBoxes(from, { here: peer, there: peer, others }, draft, origin);
  }

  /** Tells every member what happened to a group. */
  announceInGroup({ id, creator, members }: Group, action: TlObject): void {
    for (const member of members) {
      const account = this.#state.accounts.get(member);
      if (!account) continue;
      const said = {
        ...plainMessage({ kind: "group", id }, "", this.#now()),
        from: creator,
        out: member === creator,
        action,
      };
      this.#emit({
        kind: "account-box",
        account: member,
        event: addMessage(account.box, said).event,
        origin: null,
      });
    }
  }

  /** A copy for everybody; `here` is what the chat is to the sender, `there` to the others. */
  #sendToBoxes(
    from: Account,
    { here, there, others }: { here: PeerRef; there: PeerRef; others: readonly Account[] },
    draft: Draft,
    origin: Origin | null,
  ): Outcome {
    const more = { ...extras(draft), from: from.id };
    const own = addMessage(from.box, {
      ...plainMessage(here, draft.text, this.#now()),
      ...more,
      out: true,
    });
    const replied =
      own.message.replyTo === null ? undefined : from.box.messages.get(own.message.replyTo);
    const sent = others.map((account) => {
      const replyTo = replied?.copies?.find((copy) => copy.account === account.id)?.id ?? null;
      return {
        account,
        ...addMessage(account.box, {
          ...plainMessage(there, draft.text, this.#now()),
          ...more,
          replyTo,
        }),
      };
    });
    const copies = [{ account: from, ...own }, ...sent].map(({ account, message }) => ({
      account: account.id,
      id: message.id,
    }));
    for (const { message } of [own, ...sent]) message.copies = copies;
    for (const { account, event } of sent)
      this.#emit({ kind: "account-box", account: account.id, event, origin });
    this.#emit({ kind: "account-box", account: from.id, event: own.event, origin });
    return own;
  }

  #post(from: Account, channelId: bigint, draft: Draft, origin: Origin | null): Outcome {
    const channel = this.#state.channels.get(channelId);
    if (!channel) throw new RpcError(400, "CHANNEL_INVALID");
    const mayWrite = channel.supergroup ? channel.members.has(from.id) : channel.owner === from.id;
    if (!mayWrite) throw new RpcError(403, "CHAT_WRITE_FORBIDDEN");
    return channel.supergroup
      ? this.say(channel, from.id, draft, origin)
      : this.postAsChannel(channel, draft, origin);
  }

  /** A member or the bot writes in a supergroup. Throws TOPIC_CLOSED, TOPIC_DELETED. */
  say(channel: Channel, from: bigint, draft: Draft, origin: Origin | null): Outcome {
    return this.#put(
      channel,
      { ...extras(draft), from, ...placeOf(channel, from, draft) },
      draft,
      origin,
    );
  }

  /** Posts in the channel's own name. */
  postAsChannel(channel: Channel, draft: Draft, origin: Origin | null): Outcome {
    const posted = this.#put(channel, extras(draft), draft, origin);
    const group =
      channel.linked === undefined ? undefined : this.#state.channels.get(channel.linked);
    if (group) this.#copyToDiscussion(group, posted.message, draft);
    return posted;
  }

  /** https://core.telegram.org/api/discussion: the copy is a forward that names the post twice. */
  #copyToDiscussion(group: Channel, { peer, date, id }: StoredMessage, draft: Draft): void {
    const { replyTo: _, ...said } = draft;
    const forwarded = { from: peer, date, post: id };
    this.#put(group, { ...extras(said), forwarded, copied: true }, said, null);
  }

  #put(
    channel: Channel,
    more: Partial<StoredMessage>,
    { text, media, randomId }: Draft,
    origin: Origin | null,
  ): Outcome {
    // What no client sent comes from people with Premium, and what they wrote can be forwarded.
    checkText(text, media, (randomId ?? null) === null || (more.forwarded ?? null) !== null);
    const posted = addMessage(channel.box, {
      ...plainMessage({ kind: "channel", id: channel.id }, text, this.#now()),
      ...more,
    });
    this.#emit({ kind: "channel-box", channel: channel.id, event: posted.event, origin });
    return posted;
  }

  /** Changes a post in the channel's own name. Returns whether it was there. */
  editAsChannel(channel: Channel, id: number, change: Change): boolean {
    const message = channel.box.messages.get(id);
    if (!message) return false;
    checkText(change.text, change.media ?? message.media);
    this.#emit({
      kind: "channel-box",
      channel: channel.id,
      event: this.#edited(channel.box, message, change),
      origin: null,
    });
    this.#editCopy(channel, id, change);
    return true;
  }

  /** The copy in the discussion group follows its post. */
  #editCopy({ linked, id: channel }: Channel, post: number, change: Change): void {
    const group = linked === undefined ? undefined : this.#state.channels.get(linked);
    const copy = group?.box.messages
      .values()
      .find(
        ({ copied, forwarded }) =>
          copied && forwarded?.from.id === channel && forwarded.post === post,
      );
    if (!group || !copy) return;
    this.#emit({
      kind: "channel-box",
      channel: group.id,
      event: this.#edited(group.box, copy, change),
      origin: null,
    });
  }

  /** Deletes posts in the channel's own name. */
  deleteAsChannel(channel: Channel, ids: readonly number[]): void {
    const event = deleteMessages(channel.box, ids, this.#now());
    if (event) this.#emit({ kind: "channel-box", channel: channel.id, event, origin: null });
  }

  #edited(box: BoxState, message: StoredMessage, { text, entities, media }: Change): BoxEvent {
    message.text = text;
    if (entities) message.entities = entities;
    if (media) message.media = media;
    message.editDate = this.#now();
    return recordEvent(box, { kind: "edit", id: message.id }, 1, this.#now());
  }

  #mayChange(by: Account, message: StoredMessage): boolean {
    const channel =
      message.peer.kind === "channel" ? this.#state.channels.get(message.peer.id) : undefined;
    if (channel) return channel.supergroup ? message.from === by.id : channel.owner === by.id;
    return message.out && message.from === by.id && message.forwarded === null;
  }

  #boxOf(by: Account, peer: PeerRef): BoxState {
    if (peer.kind !== "channel") return by.box;
    const channel = this.#state.channels.get(peer.id);
    if (!channel) throw new RpcError(400, "CHANNEL_INVALID");
    return channel.box;
  }

  /** The copies that others have of a message. */
  #others(of: Account, message: StoredMessage): { account: Account; message: StoredMessage }[] {
    return (message.copies ?? []).flatMap(({ account: id, id: messageId }) => {
      const account = id === of.id ? undefined : this.#state.accounts.get(id);
      const copy = account?.box.messages.get(messageId);
      return account && copy ? [{ account, message: copy }] : [];
    });
  }

  #now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

function changesNothing({ text, entities = [], media }: StoredMessage, change: Change): boolean {
  const isSame = change.media === undefined || idOf(change.media) === idOf(media);
  return isSame && text === change.text && isDeepStrictEqual(entities, change.entities ?? []);
}

function idOf(media: StoredMessage["media"]): bigint | null {
  return media && "id" in media ? media.id : null;
}
