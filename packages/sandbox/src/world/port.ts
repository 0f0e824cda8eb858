import type { BotPort, ChannelView, GroupView, NewChannel, PostOptions, TopicPort } from "./channel-port.ts";

export type * from "./channel-port.ts";

/**
 * What the Bot API half, the control API and the chat page may ask of the Telegram world.
 * Implemented by `world.ts` (the MTProto half serves the same world to user sessions).
 * Ids are decimal strings; times are milliseconds of the sandbox's clock.
 */
export interface WorldPort {
  createAccount(options: NewAccount): AccountView;
  accounts(): AccountView[];
  /** Throws AppError `no-such-account`. */
  account(phone: string): AccountView;

  /** Latest login code sent to this phone, or null. `state` tells whether it would still be accepted. */
  latestCode(phone: string): LoginCodeView | null;

  /** The account approves the QR login token (base64url, as in tg://login?token=…). Throws AppError `bad-token` with the reason. */
  acceptQrLogin(phone: string, token: string): void;

  /** QR tokens that were exported and still wait for a scan. */
  pendingQrLogins(): { token: string; expiresAt: number }[];

  /** A broadcast channel, a supergroup or a forum; the first member owns it. */
  createChannel(options: NewChannel & { members: string[] }): ChannelView;
  channels(): ChannelView[];
  /** Topics of forums. They act as the owner of the forum. */
  topics: TopicPort;
  /** What the bot of the Bot API half does in channels and supergroups. */
  bot: BotPort;
  /** Posts into a channel as its owner, or into a supergroup as `from`; pushed to members as an update. Returns the message id. */
  postToChannel(channelId: string, text: string, more?: PostOptions): number;
  /** Changes a post of a channel, and its photo or file if another is given. Throws AppError `no-such-message`. */
  editInChannel(channelId: string, id: number, text: string, file?: PostOptions["file"]): void;
  /** Deletes posts of a channel. */
  deleteInChannel(channelId: string, ids: readonly number[]): void;
  /** Makes a basic group of these phones; the first one created it. Throws AppError `no-members`. */
  createGroup(options: { title: string; members: string[]; noforwards?: boolean }): GroupView;
  groups(): GroupView[];
  /** Makes a supergroup of a basic group. Throws AppError `no-such-group`. */
  migrateGroup(groupId: string): ChannelView;
  /** A member says something in a basic group. Returns its sender-side message id. Throws AppError `no-such-group`, `not-a-member`. */
  sendToGroup(groupId: string, fromPhone: string, text: string): number;
  /** Sends a private message between accounts (phones). Returns the sender-side id. `unreadable`: no client of today can read it. */
  sendPrivate(fromPhone: string, toPhone: string, text: string, unreadable?: boolean): number;
  /** Messages an account has in a chat (`chat` = a phone, or the id of a channel or a group), oldest first. */
  history(phone: string, chat: string): MessageView[];

  /**
   * Telegram's rule: a login code that shows up in any chat is cancelled. Called with the sender's text for
   * every message of every chat, Bot API chats included. Returns the phones whose code was cancelled.
   */
  noticeText(text: string): string[];

  /** Live MTProto connections, one row per TCP connection. */
  connections(): ConnectionView[];
  /** Every connection ever seen, in order; the judge of "never twice". */
  connectionLog(): ConnectionEvent[];
  /** RPC calls by method name, e.g. {"help.getConfig": 3}. */
  counters(): Record<string, number>;
  /** Authorised sessions of an account (as in Settings → Devices). */
  sessions(phone: string): SessionView[];
  /** Ends a session as the user would in Settings → Devices: the key gets AUTH_KEY_UNREGISTERED / SESSION_REVOKED. */
  terminateSession(phone: string, keyId: string): void;

  faults: FaultPort;
}

/** How a login code is delivered (https://core.telegram.org/api/auth#code-types). `email-setup`: none before a login e-mail is set up. */
export const CODE_VIAS = [
  "app",
  "sms",
  "call",
  "flash-call",
  "missed-call",
  "email",
  "email-setup",
  "fragment",
  "firebase",
  "sms-word",
  "sms-phrase",
] as const;
export type CodeVia = (typeof CODE_VIAS)[number];

export interface NewAccount {
  phone: string;
  firstName?: string;
  lastName?: string;
  username?: string;
  password?: string;
  passwordHint?: string;
  /** Home data centre; default 2. A login on another DC gets PHONE_MIGRATE_<dc>. */
  dc?: number;
  /** How login codes are delivered; absent: into the app when it has a session, else by SMS. */
  codeVia?: CodeVia;
}

export interface AccountView {
  id: string;
  phone: string;
  firstName: string;
  lastName: string;
  username: string | null;
  hasPassword: boolean;
  passwordHint: string | null;
  dc: number;
  sessions: number;
  /** Sends that were refused because their random_id had been used. */
  duplicateSends: number;
}

export interface LoginCodeView {
  code: string;
  sentAt: number;
  expiresAt: number;
  state: "valid" | "used" | "expired" | "cancelled" | "withdrawn" | "replaced";
}

export interface MessageView {
  id: number;
  from: string | null;
  text: string;
  date: number;
  out: boolean;
  replyTo: number | null;
  /** Forum topic; null: the General one, or none. */
  topic: number | null;
  /** True when it is a forward with its author. */
  forwarded: boolean;
  edited: boolean;
  groupedId: string | null;
  /** `sha256` of what it holds, in hex. */
  media: { photo: boolean; mime: string; name: string | null; size: number; sha256: string } | null;
  /** How many pieces of formatting it has. */
  entities: number;
}

export interface ConnectionView {
  id: number;
  remoteAddress: string;
  dc: number;
  transport: string;
  keyId: string | null;
  phone: string | null;
  openedAt: number;
  /** When the server closes it unless another `ping_delay_disconnect` comes; null before the first one. */
  hangsUpAt: number | null;
}

export interface ConnectionEvent {
  at: number;
  connection: number;
  event: "opened" | "authorised" | "closed" | "duplicated";
  remoteAddress: string;
  keyId: string | null;
  phone: string | null;
}

export interface SessionView {
  keyId: string;
  device: string;
  appVersion: string;
  createdAt: number;
  online: boolean;
}

/** Which connections or accounts a fault hits; nothing given = all. */
export interface FaultTarget {
  phone?: string;
  keyId?: string;
  dc?: number;
}

/** Ways an account's updates can go wrong; {@link FaultPort} says how. */
export const UPDATE_FAULT_MODES = ["gap", "duplicate", "reorder", "withhold", "short"] as const;
export type UpdateFaultMode = (typeof UPDATE_FAULT_MODES)[number];

/** Ways in which answers about missed updates can be wrong; {@link DifferenceFault} says how. */
export const DIFFERENCE_FAULT_MODES = ["unreadable", "garbled", "stuck", "refused"] as const;

/**
 * Answers about missed updates of an account, until `heal`. `unreadable`: in each list of each answer is one object more, of a
 * unknown layer. `garbled`: the whole answer is such an object. `stuck`: the same part again and again, and more to
 * come. `refused`: 400 with `text` (default: one that no client knows).
 */
export interface DifferenceFault {
  readonly phone: string;
  readonly mode: (typeof DIFFERENCE_FAULT_MODES)[number];
  /** Only those of this channel; otherwise those of the account and of all its channels. */
  readonly channel?: string;
  readonly text?: string;
}

/** Faults on demand. Each takes effect at once. */
export interface FaultPort {
  /** Closes connections: `fin` politely, `rst` with a reset. Returns how many. */
  drop(target: FaultTarget, how: "fin" | "rst"): number;
  /**
   * Sends nothing and reads nothing any more on these connections until `heal`. With `open-and-new` also on matching
   * connections that are opened later: a server that accepts and never answers.
   */
  silence(target: FaultTarget, reach?: "open" | "open-and-new"): void;
  /** Delays every answer by this many ms. 0 = off. */
  delay(target: FaultTarget, delayMs: number): void;
  /** Refuses new TCP connections (closed at once) until `heal`. */
  refuse(dc?: number): void;
  /** The next `times` calls of `method` (e.g. "messages.sendMessage", "*" = any) fail with this RPC error. */
  failCalls(rule: { method: string; code: number; text: string; times: number; phone?: string }): void;
  /** The server forgets this auth key: transport error -404. */
  forgetKey(keyId: string): void;
  /** Closes a DC's listener and its connections, and opens it again after `downMs`. */
  restartDc(dc: number, downMs: number): Promise<void>;
  /**
   * The next `count` pushed updates for the account are handled like this. `gap`: pts advances, nothing is pushed, getDifference
   * has it. `short`: plain texts come as updateShortMessage and updateShortChatMessage also from people nobody introduced.
   */
  updates(phone: string, mode: UpdateFaultMode, count: number): void;
  /** Spoils answers about missed updates until `heal`. */
  differences(rule: DifferenceFault): void;
  /** Every file reference that was handed out so far is too old from now on. */
  expireFiles(): void;
  /** Ends silence, delay, refuse, withheld updates and pending failCalls. */
  heal(): void;
}
