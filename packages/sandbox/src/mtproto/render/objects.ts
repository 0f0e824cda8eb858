import type { Files } from "../../world/files.ts";
import type { Account, BoxEvent, BoxState, Channel, Group, PeerRef, StoredMessage, WorldState } from "../../world/model.ts";
import { peerKey, SERVICE_USER_ID } from "../../world/model.ts";
import { LATER_LAYER } from "../tl/codec.ts";
import type { TlObject, TlValue } from "../tl/schema.ts";
import { mediaObject } from "./media.ts";

/** access_hash of the service account; it is the same for everybody. */
export const SERVICE_ACCESS_HASH = 777_000_777_000n;

export function peerObject(peer: PeerRef): TlObject {
  switch (peer.kind) {
    case "user":
      return { _: "peerUser", user_id: peer.id };
    case "group":
      return { _: "peerChat", chat_id: peer.id };
    case "channel":
      return { _: "peerChannel", channel_id: peer.id };
  }
}

/** An account as `viewer` sees it. */
export function userObject(viewer: Account | null, account: Account): TlObject {
  const self = viewer?.id === account.id;
  return {
    _: "user",
    self,
    contact: !self,
    mutual_contact: !self,
    id: account.id,
    access_hash: account.accessHash,
    first_name: account.firstName,
    last_name: account.lastName || null,
    username: account.username,
    phone: account.phone,
    status: { _: "userStatusRecently" },
  };
}

function serviceUser(): TlObject {
  return {
    _: "user",
    verified: true,
    support: true,
    id: SERVICE_USER_ID,
    access_hash: SERVICE_ACCESS_HASH,
    first_name: "Telegram",
    phone: "42777",
  };
}

/** A channel as `viewer` sees it; one who may not see it gets channelForbidden. */
export function channelObject(viewer: Account, channel: Channel): TlObject {
  const { id, accessHash, title } = channel;
  const member = channel.members.has(viewer.id);
  if (!member && channel.username === null)
    return { _: "channelForbidden", broadcast: true, id, access_hash: accessHash, title };
  return {
    _: "channel",
    broadcast: true,
    creator: channel.owner === viewer.id,
    left: !member,
    id,
    access_hash: accessHash,
    title,
    username: channel.username,
    photo: { _: "chatPhotoEmpty" },
    date: channel.createdAt,
    participants_count: channel.members.size,
    admin_rights:
      channel.owner === viewer.id
        ? { _: "chatAdminRights", post_messages: true, edit_messages: true, delete_messages: true }
        : null,
  };
}

/** A basic group as `viewer` sees it; one who is not in it gets chatForbidden. */
function groupObject(viewer: Account, { id, title, creator, members, createdAt }: Group): TlObject {
  if (!members.has(viewer.id)) return { _: "chatForbidden", id, title };
  return {
    _: "chat",
    creator: creator === viewer.id,
    id,
    title,
    photo: { _: "chatPhotoEmpty" },
    participants_count: members.size,
    date: createdAt,
    version: 1,
  };
}

/** A message in the box of the one who asks. */
export function messageObject(message: StoredMessage, files: Files): TlObject {
  if (message.unreadable) return { _: LATER_LAYER };
  const { forwarded, replyTo, peer } = message;
  const isNamed = message.from !== null && (message.out || peer.kind === "group");
  return {
    _: "message",
    out: message.out,
    post: peer.kind === "channel",
    id: message.id,
    from_id: isNamed ? { _: "peerUser", user_id: message.from } : null,
    peer_id: peerObject(peer),
    fwd_from: forwarded && {
      _: "messageFwdHeader",
      from_id: peerObject(forwarded.from),
      date: forwarded.date,
      channel_post: forwarded.post,
    },
    reply_to: replyTo === null ? null : { _: "messageReplyHeader", reply_to_msg_id: replyTo },
    date: message.date,
    message: message.text,
    media: message.media ? mediaObject(message.media, files.reference()) : null,
    entities: message.entities ? [...message.entities] : null,
    noforwards: message.noforwards === true,
    grouped_id: message.groupedId ?? null,
    views: peer.kind === "channel" ? 1 : null,
    forwards: peer.kind === "channel" ? 0 : null,
    edit_date: message.editDate,
  };
}

/** Messages of `peer` in an account's box that it has not read. */
export function unreadCount(account: Account, box: BoxState, peer: PeerRef): number {
  const read = account.readInbox.get(peerKey(peer)) ?? 0;
  const unread = (message: StoredMessage): boolean =>
    !message.out && message.id > read && message.peer.kind === peer.kind && message.peer.id === peer.id;
  return box.messages.values().filter(unread).toArray().length;
}

/** The update that tells of an event in an account's box. Null for a message that is gone by now. */
export function accountUpdate(account: Account, event: BoxEvent, files: Files): TlObject | null {
  const pts = { pts: event.pts, pts_count: event.count };
  switch (event.kind) {
    case "new":
    case "edit": {
      const message = account.box.messages.get(event.id);
      if (!message) return null;
      return {
        _: event.kind === "new" ? "updateNewMessage" : "updateEditMessage",
        message: messageObject(message, files),
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
      return { _: "updateReadHistoryOutbox", peer: peerObject(event.peer), max_id: event.maxId, ...pts };
  }
}

/** The update that tells of an event in a channel. Null for a post that is gone by now. */
export function channelUpdate(channel: Channel, event: BoxEvent, files: Files): TlObject | null {
  const pts = { pts: event.pts, pts_count: event.count };
  if (event.kind === "delete")
    return { _: "updateDeleteChannelMessages", channel_id: channel.id, messages: [...event.ids], ...pts };
  if (event.kind !== "new" && event.kind !== "edit") return null;
  const message = channel.box.messages.get(event.id);
  if (!message) return null;
  return {
    _: event.kind === "new" ? "updateNewChannelMessage" : "updateEditChannelMessage",
    message: messageObject(message, files),
    ...pts,
  };
}

/** Collects who is mentioned, for the `users` and `chats` that come with most answers. */
export class Mentions {
  readonly #state: WorldState;
  readonly #viewer: Account;
  readonly #users = new Set<bigint>();
  readonly #groups = new Set<bigint>();
  readonly #channels = new Set<bigint>();

  constructor(state: WorldState, viewer: Account) {
    this.#state = state;
    this.#viewer = viewer;
  }

  peer(peer: PeerRef): this {
    const seen = { user: this.#users, group: this.#groups, channel: this.#channels };
    seen[peer.kind].add(peer.id);
    return this;
  }

  user(id: bigint): this {
    this.#users.add(id);
    return this;
  }

  messages(messages: Iterable<StoredMessage>): this {
    for (const message of messages) {
      this.peer(message.peer);
      if (message.from !== null) this.user(message.from);
      if (message.forwarded) this.peer(message.forwarded.from);
    }
    return this;
  }

  /** Whoever finished updates speak of. */
  objects(updates: readonly TlObject[]): this {
    for (const update of updates) {
      if (typeof update["channel_id"] === "bigint") this.peer({ kind: "channel", id: update["channel_id"] });
      this.#object(update["peer"]);
      const message = update["message"];
      if (!isObject(message)) continue;
      this.#object(message["peer_id"]);
      this.#object(message["from_id"]);
      if (isObject(message["fwd_from"])) this.#object(message["fwd_from"]["from_id"]);
    }
    return this;
  }

  #object(peer: TlValue): void {
    if (!isObject(peer)) return;
    if (peer._ === "peerUser") this.user(peer["user_id"] as bigint);
    if (peer._ === "peerChat") this.peer({ kind: "group", id: peer["chat_id"] as bigint });
    if (peer._ === "peerChannel") this.peer({ kind: "channel", id: peer["channel_id"] as bigint });
  }

  /** `users` and `chats` as most results have them. */
  fields(): { users: TlObject[]; chats: TlObject[] } {
    const users: TlObject[] = [];
    for (const id of this.#users) {
      const account = this.#state.accounts.get(id);
      if (account) users.push(userObject(this.#viewer, account));
      else if (id === SERVICE_USER_ID) users.push(serviceUser());
    }
    const groups = [...this.#groups].flatMap((id) => this.#state.groups.get(id) ?? []);
    const channels = [...this.#channels].flatMap((id) => this.#state.channels.get(id) ?? []);
    const shown = channels.map((channel) => channelObject(this.#viewer, channel));
    return { users, chats: [...groups.map((group) => groupObject(this.#viewer, group)), ...shown] };
  }
}

function isObject(value: TlValue): value is TlObject {
  return typeof value === "object" && value !== null && "_" in value;
}
