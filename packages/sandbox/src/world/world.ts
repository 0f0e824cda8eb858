import { randomBytes } from "node:crypto";
import { AppError } from "@flotilla/kernel";
import { emptyBox } from "./box.ts";
import type { MovableClock } from "./clock.ts";
import { LoginCodes } from "./codes.ts";
import { RpcError } from "./errors.ts";
import type { Origin, WorldEvent } from "./events.ts";
import { Files } from "./files.ts";
import { Forums } from "./forum.ts";
import { Messaging } from "./messaging.ts";
import type {
  Account,
  Authorization,
  Channel,
  ClientInfo,
  Group,
  KeyDeath,
  LoginCode,
  WorldState,
} from "./model.ts";
import { Passwords } from "./passwords.ts";
import { QrLogins } from "./qr.ts";
import type { NewAccount, NewChannel } from "./views.ts";

/** A login: which key, for whom, from where. */
export interface Login {
  readonly keyId: string;
  readonly account: Account;
  readonly client: ClientInfo;
  readonly ip: string;
  readonly imported?: boolean;
}

/**
 * Accounts, channels, messages, codes and logins of the sandbox: the one truth behind both the Bot
 * API's rules and the MTProto half. Knows nothing of sockets.
 */
export class World {
  readonly state: WorldState;
  readonly clock: MovableClock;
  readonly codes: LoginCodes;
  readonly qr: QrLogins;
  readonly passwords: Passwords;
  readonly messaging: Messaging;
  readonly files: Files;
  readonly forums: Forums;
  readonly #listeners = new Set<(event: WorldEvent) => void>();

  constructor(state: WorldState, clock: MovableClock) {
    this.state = state;
    this.clock = clock;
    this.codes = new LoginCodes(state.codes, clock);
    this.qr = new QrLogins(state.tokens, clock);
    this.passwords = new Passwords(clock);
    this.files = new Files(state);
    const emit = (event: WorldEvent): void => this.#emit(event);
    this.forums = new Forums(() => Math.floor(clock.now() / 1000), emit);
    this.messaging = new Messaging({
      state,
      clock,
      emit,
      notice: (text) => void this.codes.cancelSeen(text),
    });
  }

  /** Calls `listener` for all news, in order. Returns the way to stop it. */
  onEvent(listener: (event: WorldEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Throws AppError `bad-phone`, `account-exists`, `username-taken`. */
  createAccount(options: NewAccount): Account {
    const phone = cleanPhone(options.phone);
    if (!/^\d{7,15}$/.test(phone))
      throw new AppError("bad-phone", "A phone number has 7 to 15 digits.");
    if (this.byPhone(phone))
      throw new AppError(
        "account-exists",
        `There is an account with the phone number ${phone} already.`,
      );
    this.#refuseTakenName(options.username);
    this.state.lastUserId += 1n;
    const account: Account = {
      id: this.state.lastUserId,
      accessHash: randomBytes(8).readBigInt64LE(),
      phone,
      firstName: options.firstName ?? `User ${this.state.lastUserId}`,
      lastName: options.lastName ?? "",
      username: options.username ?? null,
      dc: options.dc ?? 2,
      password: null,
      box: emptyBox(),
      qts: 0,
      seq: 1,
      readInbox: new Map(),
      readOutbox: new Map(),
      sent: new Set(),
      ...(options.codeVia === undefined ? {} : { codeVia: options.codeVia }),
    };
    if (options.password) {
      account.password = {
        text: options.password,
        hint: options.passwordHint ?? null,
        verifier: null,
        wrong: 0,
        blockedUntil: 0,
      };
    }
    this.state.accounts.set(account.id, account);
    this.#emit({ kind: "founded" });
    return account;
  }

  /** Members and owner are given as accounts; the first member owns the channel. */
  createChannel(options: NewChannel & { readonly members: readonly Account[] }): Channel {
    this.#refuseTakenName(options.username);
    const discussed =
      options.discusses === undefined
        ? undefined
        : this.state.channels.get(BigInt(options.discusses));
    if (options.discusses !== undefined && (!discussed || discussed.supergroup))
      throw new AppError(
        "no-such-channel",
        `There is no channel ${options.discusses} that could have a discussion group.`,
      );
    this.state.lastChannelId += 1n;
    const channel: Channel = {
      id: this.state.lastChannelId,
      accessHash: randomBytes(8).readBigInt64LE(),
      title: options.title,
      username: options.username ?? null,
      owner: options.members[0]?.id ?? null,
      members: new Set(options.members.map((member) => member.id)),
      createdAt: Math.floor(this.clock.now() / 1000),
      box: emptyBox(),
      ...(options.supergroup || options.forum || discussed ? { supergroup: true } : {}),
      ...(discussed ? { linked: discussed.id } : {}),
      ...(options.forum ? { topics: new Map() } : {}),
      ...(options.bot ? { bot: true } : {}),
      ...(options.noforwards ? { noforwards: true } : {}),
    };
    this.state.channels.set(channel.id, channel);
    if (discussed) discussed.linked = channel.id;
    if (channel.supergroup) this.forums.found(channel);
    this.#emit({ kind: "founded" });
    for (const member of channel.members)
      this.#emit({ kind: "membership", account: member, channel: channel.id, origin: null });
    return channel;
  }

  /**
   * What messages.createChat makes: a basic group; the first member created it. Throws AppError
   * `no-members`.
   */
  createGroup(title: string, members: readonly Account[], noforwards = false): Group {
    const [creator] = members;
    if (!creator) throw new AppError("no-members", "A group has at least one member.");
    this.state.lastGroupId += 1n;
    const group: Group = {
      id: this.state.lastGroupId,
      title,
      creator: creator.id,
      members: new Set(members.map((member) => member.id)),
      createdAt: Math.floor(this.clock.now() / 1000),
      ...(noforwards ? { noforwards } : {}),
    };
    this.state.groups.set(group.id, group);
    this.#emit({ kind: "founded" });
    return group;
  }

  /** Makes a supergroup of a basic group (https://core.telegram.org/api/channel#migration). */
  migrateGroup(group: Group): Channel {
    const members = [...group.members].flatMap((member) => this.state.accounts.get(member) ?? []);
    const channel = this.createChannel({
      title: group.title,
      members,
      supergroup: true,
      noforwards: group.noforwards === true,
    });
    group.migratedTo = channel.id;
    this.messaging.announceInGroup(group, {
      _: "messageActionChatMigrateTo",
      channel_id: channel.id,
    });
    return channel;
  }

  /** Joins or leaves. */
  setMembership(account: Account, channel: Channel, member: boolean, origin: Origin | null): void {
    if (channel.members.has(account.id) === member) return;
    if (member) channel.members.add(account.id);
    else channel.members.delete(account.id);
    this.#emit({ kind: "membership", account: account.id, channel: channel.id, origin });
  }

  byPhone(phone: string): Account | null {
    const wanted = cleanPhone(phone);
    return this.state.accounts.values().find((account) => account.phone === wanted) ?? null;
  }

  /** An account or a channel by its username, in any case of letters. */
  byUsername(username: string): Account | Channel | null {
    const wanted = username.replace(/^@/, "").toLowerCase();
    const fits = (entry: Account | Channel): boolean => entry.username?.toLowerCase() === wanted;
    return (
      this.state.accounts.values().find(fits) ?? this.state.channels.values().find(fits) ?? null
    );
  }

  /** The account a key is logged in to. */
  accountOf(keyId: string): Account | null {
    const authorization = this.state.authorizations.get(keyId);
    return authorization ? (this.state.accounts.get(authorization.account) ?? null) : null;
  }

  /** Logins of an account that its owner would see under Devices, oldest first. */
  authorizationsOf(account: Account): Authorization[] {
    return [...this.state.authorizations.values()].filter(
      (entry) => entry.account === account.id && !entry.imported,
    );
  }

  /**
   * Sends a login code: into the account's other sessions if it has any, by text message otherwise.
   */
  sendCode(phone: string, keyId: string, forceSms: boolean): LoginCode {
    const account = this.byPhone(phone);
    const usual = account && this.authorizationsOf(account).length > 0 ? "app" : "sms";
    const type = forceSms ? "sms" : (account?.codeVia ?? usual);
    const code = this.codes.issue(phone, keyId, type);
    if (account && type === "app") {
      const text =
        `Login code: ${code.code}. Do not give this code to anyone, even if they say they are from ` +
        "Telegram!";
      this.messaging.sendService(account, text);
    }
    return code;
  }

  /** Logs a key in. */
  logIn(login: Login): Authorization {
    const now = this.clock.now();
    const authorization: Authorization = {
      keyId: login.keyId,
      account: login.account.id,
      hash: randomBytes(8).readBigInt64LE(),
      client: login.client,
      ip: login.ip,
      createdAt: now,
      activeAt: now,
      imported: login.imported ?? false,
    };
    this.state.deadKeys.delete(login.keyId);
    this.state.authorizations.set(login.keyId, authorization);
    this.#emit({ kind: "new-login", account: login.account.id, keyId: login.keyId });
    return authorization;
  }

  /**
   * Ends a login. `why` is what the key is told from now on; null after the client's own log-out.
   */
  logOut(keyId: string, why: KeyDeath | null): void {
    if (!this.state.authorizations.delete(keyId)) return;
    if (why) this.state.deadKeys.set(keyId, why);
    this.#emit({ kind: "key-died", keyId, why });
  }

  /** An account approves a QR token. Throws RpcError. */
  acceptQr(token: string, account: Account): string {
    const accepted = this.qr.accept(token, account.id);
    this.#emit({ kind: "login-token", keyId: accepted.keyId });
    return accepted.keyId;
  }

  /** Throws RpcError with Telegram's reasons. */
  channelFor(account: Account, id: bigint): Channel {
    const channel = this.state.channels.get(id);
    if (!channel) throw new RpcError(400, "CHANNEL_INVALID");
    if (!channel.members.has(account.id) && channel.username === null)
      throw new RpcError(400, "CHANNEL_PRIVATE");
    return channel;
  }

  #refuseTakenName(username: string | undefined): void {
    if (username && this.byUsername(username))
      throw new AppError("username-taken", `The name @${username} is taken.`);
  }

  #emit(event: WorldEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** A phone number without its plus sign and separators. */
export function cleanPhone(phone: string): string {
  return phone.replace(/[\s()+-]/g, "");
}
