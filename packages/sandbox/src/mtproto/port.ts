import { AppError } from "@flotilla/kernel";
import { messagesOf } from "../world/box.ts";
import { RpcError } from "../world/errors.ts";
import type { Files } from "../world/files.ts";
import type { Account, Channel, Group, LoginCode, PeerRef, StoredMessage } from "../world/model.ts";
import { shownContent, storedFile } from "../world/new-media.ts";
import type {
  AccountView,
  BotPort,
  ChannelView,
  FaultPort,
  GroupView,
  LoginCodeView,
  MessageView,
  PostOptions,
  SessionView,
  TopicPort,
  WorldPort,
} from "../world/port.ts";
import { cleanPhone, type World } from "../world/world.ts";
import { BotDoor } from "./bot-door.ts";
import type { ConnectionTable } from "./connections.ts";
import { channelOf, refused, TopicDoor } from "./topic-door.ts";

interface WorldDoorOptions {
  readonly world: World;
  readonly connections: ConnectionTable;
  readonly counters: () => Record<string, number>;
  readonly faults: FaultPort;
}

/**
 * The world as the HTTP side sees it; {@link WorldPort} has the contracts.
 */
export class WorldDoor implements WorldPort {
  readonly faults: FaultPort;
  readonly bot: BotPort;
  readonly topics: TopicPort;
  readonly #world: World;
  readonly #options: WorldDoorOptions;

  constructor(options: WorldDoorOptions) {
    this.#options = options;
    this.#world = options.world;
    this.faults = options.faults;
    this.bot = new BotDoor(options.world);
    this.topics = new TopicDoor(options.world);
  }

  createAccount(options: Parameters<WorldPort["createAccount"]>[0]): AccountView {
    return this.#accountView(this.#world.createAccount(options));
  }

  accounts(): AccountView[] {
    return [...this.#world.state.accounts.values()].map((account) => this.#accountView(account));
  }

  account(phone: string): AccountView {
    return this.#accountView(this.#byPhone(phone));
  }

  latestCode(phone: string): LoginCodeView | null {
    const code: LoginCode | null = this.#world.codes.latest(cleanPhone(phone));
    return code && { code: code.code, sentAt: code.sentAt, expiresAt: code.expiresAt, state: code.state };
  }

  acceptQrLogin(phone: string, token: string): void {
    const account = this.#byPhone(phone);
    try {
      this.#world.acceptQr(token, account);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw new AppError("bad-token", `The QR token was not accepted: ${error.text}.`, { cause: error });
    }
  }

  pendingQrLogins(): { token: string; expiresAt: number }[] {
    return this.#world.qr.pending().map(({ token, expiresAt }) => ({ token, expiresAt }));
  }

  createChannel(options: Parameters<WorldPort["createChannel"]>[0]): ChannelView {
    const members = options.members.map((phone) => this.#byPhone(phone));
    return this.#channelView(this.#world.createChannel({ ...options, members }));
  }

  channels(): ChannelView[] {
    return [...this.#world.state.channels.values()].map((channel) => this.#channelView(channel));
  }

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
      throw new AppError("not-a-member", `Name somebody who is in the group ${channelId}.`);
    return refused(() => messaging.say(channel, author, draft, null).message.id);
  }

  editInChannel(channelId: string, id: number, text: string, file?: PostOptions["file"]): void {
    const change = { text, ...(file === undefined ? {} : { media: storedFile(this.#world.files, file) }) };
    if (!this.#world.messaging.editAsChannel(this.#channel(channelId), id, change))
      throw new AppError("no-such-message", `The channel ${channelId} has no message ${id}.`);
  }

  deleteInChannel(channelId: string, ids: readonly number[]): void {
    this.#world.messaging.deleteAsChannel(this.#channel(channelId), ids);
  }

  sendPrivate(fromPhone: string, toPhone: string, text: string, unreadable = false): number {
    const peer: PeerRef = { kind: "user", id: this.#byPhone(toPhone).id };
    return this.#world.messaging.send(this.#byPhone(fromPhone), peer, { text, unreadable }, null).message.id;
  }

  createGroup({ title, members, noforwards }: { title: string; members: string[]; noforwards?: boolean }): GroupView {
    const accounts = members.map((phone) => this.#byPhone(phone));
    return this.#groupView(this.#world.createGroup(title, accounts, noforwards));
  }

  groups(): GroupView[] {
    return [...this.#world.state.groups.values()].map((group) => this.#groupView(group));
  }

  migrateGroup(groupId: string): ChannelView {
    return this.#channelView(this.#world.migrateGroup(this.#group(groupId)));
  }

  sendToGroup(groupId: string, fromPhone: string, text: string): number {
    const group = this.#group(groupId);
    const from = this.#byPhone(fromPhone);
    if (!group.members.has(from.id)) throw new AppError("not-a-member", `${fromPhone} is not in the group ${groupId}.`);
    return this.#world.messaging.send(from, { kind: "group", id: group.id }, { text }, null).message.id;
  }

  history(phone: string, chat: string): MessageView[] {
    const account = this.#byPhone(phone);
    const other = this.#world.byPhone(chat);
    if (!other && /^\d+$/.test(chat) && this.#world.state.channels.has(BigInt(chat))) {
      const said = [...this.#channel(chat).box.messages.values()].filter(({ action }) => !action);
      return said.map((each) => messageView(each, this.#world.files));
    }
    const group = /^\d+$/.test(chat) ? this.#world.state.groups.get(BigInt(chat)) : undefined;
    if (!other && !group) throw new AppError("no-such-chat", `There is no account, channel or group ${chat}.`);
    const peer: PeerRef | null = group ? { kind: "group", id: group.id } : other && { kind: "user", id: other.id };
    return peer ? messagesOf(account.box, peer).map((each) => messageView(each, this.#world.files)) : [];
  }

  noticeText(text: string): string[] {
    return this.#world.codes.cancelSeen(text);
  }

  connections(): ReturnType<WorldPort["connections"]> {
    return this.#options.connections.views();
  }

  connectionLog(): ReturnType<WorldPort["connectionLog"]> {
    return this.#options.connections.log();
  }

  counters(): Record<string, number> {
    return this.#options.counters();
  }

  sessions(phone: string): SessionView[] {
    return this.#world.authorizationsOf(this.#byPhone(phone)).map(({ keyId, client, createdAt }) => ({
      keyId,
      device: client.device,
      appVersion: client.app,
      createdAt,
      online: this.#options.connections.ofKey(keyId).length > 0,
    }));
  }

  terminateSession(phone: string, keyId: string): void {
    const account = this.#byPhone(phone);
    const session = this.#world.authorizationsOf(account).find((entry) => entry.keyId === keyId);
    if (!session) throw new AppError("no-such-session", `The account ${phone} has no session ${keyId}.`);
    this.#world.logOut(keyId, "unregistered");
  }

  #byPhone(phone: string): Account {
    const account = this.#world.byPhone(phone);
    if (!account) throw new AppError("no-such-account", `There is no account with the phone number ${phone}.`);
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
    return { id: channel.id.toString(), title, username, members: this.#phones(channel.members), pts: box.pts, ...kind };
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
      ? { photo: media.photo, mime: media.mime, name: media.name, size: media.size, sha256: files.digest(media.id) }
      : null,
    entities: message.entities?.length ?? 0,
  };
}
