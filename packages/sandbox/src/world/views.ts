export type * from "./channel-views.ts";
export type { NewFile } from "./new-media.ts";

/**
 * How a login code is delivered (https://core.telegram.org/api/auth#code-types). `email-setup`:
 * none before a login e-mail is set up.
 */
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
  state: "valid" | "used" | "expired" | "cancelled" | "replaced" | "withdrawn";
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
  /** What it brings that is no file. */
  content: "poll" | "place" | "contact" | null;
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
  /**
   * When the server closes it unless another `ping_delay_disconnect` comes; null before the first
   * one.
   */
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

/** Ways an account's updates can go wrong; {@link Faults} says how. */
export const UPDATE_FAULT_MODES = ["gap", "duplicate", "reorder", "withhold", "short"] as const;
export type UpdateFaultMode = (typeof UPDATE_FAULT_MODES)[number];

/** Ways in which answers about missed updates can be wrong; {@link DifferenceFault} says how. */
export const DIFFERENCE_FAULT_MODES = ["unreadable", "garbled", "stuck", "refused"] as const;

/**
 * Answers about missed updates of an account, until `heal`. `unreadable`: in each list of each
 * answer is one object more, of a unknown layer. `garbled`: the whole answer is such an object.
 * `stuck`: the same part again and again, and more to come. `refused`: 400 with `text` (default:
 * one that no client knows).
 */
export interface DifferenceFault {
  readonly phone: string;
  readonly mode: (typeof DIFFERENCE_FAULT_MODES)[number];
  /** Only those of this channel; otherwise those of the account and of all its channels. */
  readonly channel?: string;
  readonly text?: string;
}

/** How far a fault of calls is used up. */
export interface CallFaultState {
  readonly left: number;
  readonly last: string | null;
}
