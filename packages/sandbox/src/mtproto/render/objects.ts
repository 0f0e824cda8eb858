import type {
  Account,
  Bot,
  BoxState,
  Channel,
  Group,
  PeerRef,
  StoredMessage,
  WorldState,
} from "../../world/model.ts";
import { peerKey, SERVICE_USER_ID } from "../../world/model.ts";
import type { TlObject, TlValue } from "../tl/schema.ts";

/** access_hash of the service account; it is the same for everybody. */
export const SERVICE_ACCESS_HASH = 777_000_777_000n;
const BOT_ACCESS_HASH = 888_000_888_000n;

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
    return { _: "channelForbidden", ...channelKind(channel), id, access_hash: accessHash, title };
  return {
    _: "channel",
    ...channelKind(channel),
    creator: channel.owner === viewer.id,
    left: !member,
    noforwards: channel.noforwards === true,
    id,
    access_hash: accessHash,
    title,
    username: channel.username,
    photo: { _: "chatPhotoEmpty" },
    date: channel.createdAt,
    participants_count: channel.members.size,
    admin_rights:
      channel.owner === viewer.id
        ? {
            _: "chatAdminRights",
            post_messages: true,
            edit_messages: true,
            delete_messages: true,
            manage_topics: channel.topics !== undefined,
          }
        : null,
  };
}

/** Flags that say what a channel is. */
function channelKind({ supergroup, topics }: Channel): Record<string, boolean> {
  return supergroup ? { megagroup: true, forum: topics !== undefined } : { broadcast: true };
}

/** A basic group as `viewer` sees it; one who is not in it gets chatForbidden. */
function groupObject(
  viewer: Account,
  { id, title, creator, members, createdAt, noforwards }: Group,
  became?: Channel,
): TlObject {
  if (!members.has(viewer.id)) return { _: "chatForbidden", id, title };
  return {
    _: "chat",
    creator: creator === viewer.id,
    noforwards: noforwards === true,
    ...(became
      ? {
          deactivated: true,
          migrated_to: { _: "inputChannel", channel_id: became.id, access_hash: became.accessHash },
        }
      : {}),
    id,
    title,
    photo: { _: "chatPhotoEmpty" },
    participants_count: members.size,
    date: createdAt,
    version: 1,
  };
}

function botUser({ id, firstName, username }: Bot): TlObject {
  return {
    _: "user",
    bot: true,
    id,
    access_hash: BOT_ACCESS_HASH,
    first_name: firstName,
    username,
    bot_info_version: 1,
  };
}

/** Messages of `peer` in an account's box that it has not read. */
export function unreadCount(account: Account, box: BoxState, peer: PeerRef): number {
  const read = account.readInbox.get(peerKey(peer)) ?? 0;
  const unread = (message: StoredMessage): boolean =>
    !message.out &&
    message.from !== account.id &&
    message.id > read &&
    message.peer.kind === peer.kind &&
    message.peer.id === peer.id;
  return box.messages.values().filter(unread).toArray().length;
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

  /** The users and chats that finished updates mention. */
  objects(updates: readonly TlObject[]): this {
    for (const update of updates) {
      if (typeof update["channel_id"] === "bigint")
        this.peer({ kind: "channel", id: update["channel_id"] });
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
      else if (id === this.#state.bot?.id) users.push(botUser(this.#state.bot));
    }
    const groups = [...this.#groups].flatMap((id) => this.#state.groups.get(id) ?? []);
    const channels = [...this.#channels].flatMap((id) => this.#state.channels.get(id) ?? []);
    const shown = channels.map((channel) => channelObject(this.#viewer, channel));
    const became = ({ migratedTo }: Group) =>
      migratedTo === undefined ? undefined : this.#state.channels.get(migratedTo);
    return {
      users,
      chats: [...groups.map((group) => groupObject(this.#viewer, group, became(group))), ...shown],
    };
  }
}

function isObject(value: TlValue): value is TlObject {
  return typeof value === "object" && value !== null && "_" in value;
}
