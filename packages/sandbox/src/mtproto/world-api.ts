import { AppError } from "@flotilla/kernel";
import { messagesOf } from "../world/box.ts";
import { RpcError } from "../world/errors.ts";
import type { Files } from "../world/files.ts";
import type { Account, Channel, Group, LoginCode, PeerRef, StoredMessage } from "../world/model.ts";
import { shownContent, storedFile } from "../world/new-media.ts";
import type {
  AccountView,
  ChannelView,
  ConnectionEvent,
  ConnectionView,
  GroupView,
  LoginCodeView,
  MessageView,
  NewAccount,
  NewChannel,
  PostOptions,
  SessionView,
} from "../world/views.ts";
import { cleanPhone, type World } from "../world/world.ts";
import { BotChats } from "./bot-chats.ts";
import type { ConnectionTable } from "./connections.ts";
import type { Faults } from "./faults.ts";
import { channelOf, ForumTopics, refused } from "./forum-topics.ts";

interface WorldApiOptions {
  readonly world: World;
  readonly connections: ConnectionTable;
  readonly counters: () => Record<string, number>;
  readonly faults: Faults;
}

/**
 * The Telegram world for the Bot API half, the control API and the chat page. Ids are decimal
 * strings; times are milliseconds of the sandbox's clock.
 */
export class WorldApi {
  readonly faults: Faults;
  readonly bot: BotChats;
  readonly topics: ForumTopics;
  readonly #world: World;
  readonly #options: WorldApiOptions;

  constructor(options: WorldApiOptions) {
    this.#options = options;
    this.#world = options.world;
    this.faults = options.faults;
    this.bot = new BotChats(options.world);
    this.topics = new ForumTopics(options.world);
  }

  createAccount(options: NewAccount): AccountView {
    return this.#accountView(this.#world.createAccount(options));
  }

  accounts(): AccountView[] {
    return [...this.#world.state.accounts.values()].map((account) => this.#accountView(account));
  }

  /** Throws AppError `no-such-account`. */
  account(phone: string): AccountView {
    return this.#accountView(this.#byPhone(phone));
  }

  /**
   * Latest login code sent to this phone, or null. `state` tells whether it would still be
   * accepted.
   */
  latestCode(phone: string): LoginCodeView | null {
    const code: LoginCode | null = this.#world.codes.latest(cleanPhone(phone));
    return (
      code && { code: code.code, sentAt: code.sentAt, expiresAt: code.expiresAt, state: code.state }
    );
  }

  /**
   * The account approves the QR login token (base64url, as in tg://login?token=…). Throws AppError
   * `bad-token` with the reason.
   */
  acceptQrLogin(phone: string, token: string): void {
    const account = this.#byPhone(phone);
    try {
      this.#world.acceptQr(token, account);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new AppError("bad-token", `The QR token was not accepted: ${error.text}.`, {
        cause: error,
      });
    }
  }

  /** QR tokens that were exported and still wait for a scan. */
  pendingQrLogins(): { token: string; expiresAt: number }[] {
    return this.#world.qr.pending().map(({ token, expiresAt }) => ({ token, expiresAt }));
  }

  /** A broadcast channel, a supergroup or a forum; the first member owns it. */
  createChannel(options: NewChannel & { members: string[] }): ChannelView {
    const members = options.members.map((phone) => this.#byPhone(phone));
    return this.#channelView(this.#world.createChannel({ ...options, members }));
  }

  channels(): ChannelView[] {
    return [...this.#world.state.channels.values()].map((channel) => this.#channelView(channel));
  }

  /**
   * Posts into a channel as its owner, or into a supergroup as `from`; pushed to members as an
   * update. Returns the message id.
   */
  postToChannel(channelId: string, text: string, options: PostOptions = {}): number {
    const { replyTo, topic, from, noforwards, groupedId, file, content } = options;
    const channel = this.#channel(channelId);
    this.#world.codes.cancelSeen(text);
    const draft = {
      text,
      replyTo: replyTo ?? null,
      topic: topic ?? null,
      ...(noforwards === undefined ? {} : { noforwards }),
      ...(groupedId === undefined ? {} : { groupedId: BigInt(groupedId) }),
      ...(file === undefined ? {} : { media: storedFile(this.#world.files, file) }),
      ...(content === undefined ? {} : { media: shownContent(content) }),
    };
    const { messaging } = this.#world;
    if (!channel.supergroup) return messaging.postAsChannel(channel, draft, null).message.id;
    const author = from === undefined ? channel.owner : this.#byPhone(from).id;
    if (author === null || !channel.members.has(author))
      throw new AppError("not-a-member", `Name a member of the group ${channelId}.`);
    return refused(() => messaging.say(channel, author, draft, null).message.id);
  }

  /**
   * Changes a post of a channel, and its photo or file if another is given. Throws AppError
   * `no-such-message`.
   */
  editInChannel(channelId: string, id: number, text: string, file?: PostOptions["file"]): void {
    const change = {
      text,
      ...(file === undefined ? {} : { media: storedFile(this.#world.files, file) }),
    };
    if (!this.#world.messaging.editAsChannel(this.#channel(channelId), id, change))
      throw new AppError("no-such-message", `The channel ${channelId} has no message ${id}.`);
  }

  /** Deletes posts of a channel. */
  deleteInChannel(channelId: string, ids: readonly number[]): void {
    this.#world.messaging.deleteAsChannel(this.#channel(channelId), ids);
  }

  /**
   * Sends a private message between accounts (phones). Returns the sender-side id. `unreadable`: no
   * client of today can read it.
   */
  sendPrivate(fromPhone: string, toPhone: string, text: string, unreadable = false): number {
    const peer: PeerRef = { kind: "user", id: this.#byPhone(toPhone).id };
    return this.#world.messaging.send(this.#byPhone(fromPhone), peer, { text, unreadable }, null)
      .message.id;
  }

  /**
   * Makes a basic group of these phones; the first one created it. Throws AppError `no-members`.
   */
  createGroup({
    title,
    members,
    noforwards,
  }: {
    title: string;
    members: string[];
    noforwards?: boolean;
  }): GroupView {
    const accounts = members.map((phone) => this.#byPhone(phone));
    return this.#groupView(this.#world.createGroup(title, accounts, noforwards));
  }

  groups(): GroupView[] {
    return [...this.#world.state.groups.values()].map((group) => this.#groupView(group));
  }

  /** Makes a supergroup of a basic group. Throws AppError `no-such-group`. */
  migrateGroup(groupId: string): ChannelView {
    return this.#channelView(this.#world.migrateGroup(this.#group(groupId)));
  }

  /**
   * A member says something in a basic group. Returns its sender-side message id. Throws AppError
   * `no-such-group`, `not-a-member`.
   */
  sendToGroup(groupId: string, fromPhone: string, text: string): number {
    const group = this.#group(groupId);
    const from = this.#byPhone(fromPhone);
    if (!group.members.has(from.id))
      throw new AppError("not-a-member", `${fromPhone} is not in the group ${groupId}.`);
    return this.#world.messaging.send(from, { kind: "group", id: group.id }, { text }, null).message
      .id;
  }

  /**
   * Messages an account has in a chat (`chat` = a phone, or the id of a channel or a group), oldest
   * first.
   */
  history(phone: string, chat: string): MessageView[] {
    const account = this.#byPhone(phone);
    const other = this.#world.byPhone(chat);
    if (!other && /^\d+$/.test(chat) && this.#world.state.channels.has(BigInt(chat))) {
      const said = [...this.#channel(chat).box.messages.values()].filter(({ action }) => !action);
      return said.map((each) => messageView(each, this.#world.files));
    }
    const group = /^\d+$/.test(chat) ? this.#world.state.groups.get(BigInt(chat)) : undefined;
    if (!other && !group)
      throw new AppError("no-such-chat", `There is no account, channel or group ${chat}.`);
    const peer: PeerRef | null = group
      ? { kind: "group", id: group.id }
      : other && { kind: "user", id: other.id };
    return peer
      ? messagesOf(account.box, peer).map((each) => messageView(each, this.#world.files))
      : [];
  }

  /**
   * Telegram's rule: a login code that shows up in any chat is cancelled. Called with the sender's
   * text for every message of every chat, Bot API chats included. Returns the phones whose code was
   * cancelled.
   */
  noticeText(text: string): string[] {
    return this.#world.codes.cancelSeen(text);
  }

  /** Live MTProto connections, one row per TCP connection. */
  connections(): ConnectionView[] {
    return this.#options.connections.views();
  }

  /** Every connection ever seen, in order; the judge of "never twice". */
  connectionLog(): ConnectionEvent[] {
    return this.#options.connections.log();
  }

  /** RPC calls by method name, e.g. {"help.getConfig": 3}. */
  counters(): Record<string, number> {
    return this.#options.counters();
  }

  /** Authorised sessions of an account (as in Settings → Devices). */
  sessions(phone: string): SessionView[] {
    return this.#world
      .authorizationsOf(this.#byPhone(phone))
      .map(({ keyId, client, createdAt }) => ({
        keyId,
        device: client.device,
        appVersion: client.app,
        createdAt,
        online: this.#options.connections.ofKey(keyId).length > 0,
      }));
  }

  /**
   * Ends a session as the user would in Settings → Devices: the key gets AUTH_KEY_UNREGISTERED /
   * SESSION_REVOKED.
   */
  terminateSession(phone: string, keyId: string): void {
    const account = this.#byPhone(phone);
    const session = this.#world.authorizationsOf(account).find((entry) => entry.keyId === keyId);
    if (!session)
      throw new AppError("no-such-session", `The account ${phone} has no session ${keyId}.`);
    this.#world.logOut(keyId, "unregistered");
  }

  #byPhone(phone: string): Account {
    const account = this.#world.byPhone(phone);
    if (!account)
      throw new AppError("no-such-account", `There is no account with the phone number ${phone}.`);
    return account;
  }

  #channel(id: string): Channel {
    return channelOf(this.#world, id);
  }

  #accountView(account: Account): AccountView {
    return {
      id: account.id.toString(),
      phone: account.phone,
      firstName: account.firstName,
      lastName: account.lastName,
      username: account.username,
      hasPassword: account.password !== null,
      passwordHint: account.password?.hint ?? null,
      dc: account.dc,
      sessions: this.#world.authorizationsOf(account).length,
      duplicateSends: account.duplicates ?? 0,
    };
  }

  #group(groupId: string): Group {
    const group = /^\d+$/.test(groupId) ? this.#world.state.groups.get(BigInt(groupId)) : undefined;
    if (!group) throw new AppError("no-such-group", `There is no group ${groupId}.`);
    return group;
  }

  #groupView({ id, title, members }: Group): GroupView {
    return { id: id.toString(), title, members: this.#phones(members) };
  }

  #phones(ids: Iterable<bigint>): string[] {
    return [...ids].map((id) => this.#world.state.accounts.get(id)?.phone ?? id.toString());
  }

  #channelView(channel: Channel): ChannelView {
    const { title, username, box, topics } = channel;
    const kind = { supergroup: channel.supergroup === true, forum: topics !== undefined };
    return {
      id: channel.id.toString(),
      title,
      username,
      members: this.#phones(channel.members),
      pts: box.pts,
      ...kind,
    };
  }
}

function messageView(message: StoredMessage, files: Files): MessageView {
  const media = message.media && "id" in message.media ? message.media : null;
  return {
    id: message.id,
    from: message.from?.toString() ?? null,
    text: message.text,
    date: message.date * 1000,
    out: message.out,
    replyTo: message.replyTo,
    topic: message.topic ?? null,
    forwarded: message.forwarded !== null,
    edited: message.editDate !== null,
    groupedId: message.groupedId?.toString() ?? null,
    content: message.media && "shown" in message.media ? message.media.shown : null,
    media: media
      ? {
          photo: media.photo,
          mime: media.mime,
          name: media.name,
          size: media.size,
          sha256: files.digest(media.id),
        }
      : null,
    entities: message.entities?.length ?? 0,
  };
}
