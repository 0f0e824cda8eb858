import type { SrpVerifier } from "../mtproto/crypto/srp.ts";
import type { TlObject } from "../mtproto/tl/schema.ts";
import type { Bot, Channel, Group } from "./channel-model.ts";
import type { CodeVia } from "./views.ts";

export type * from "./channel-model.ts";

/** Who or what a message's chat is, as its owner sees it. */
export interface PeerRef {
  readonly kind: "user" | "group" | "channel";
  readonly id: bigint;
}

/** A photo or a document, as messages know it. */
export interface StoredMedia {
  readonly id: bigint;
  readonly accessHash: bigint;
  readonly photo: boolean;
  readonly mime: string;
  readonly name: string | null;
  readonly size: number;
  /** Data centre that keeps it; 2 when absent. */
  readonly dc?: number;
  /** As the one who sent it gave them. */
  readonly attributes: readonly TlObject[];
}

/** A poll, a place or a contact: whole in the message itself, as the message has it. */
export interface ShownMedia {
  readonly shown: "poll" | "place" | "contact";
  readonly object: TlObject;
}

/** A file with what it holds. */
export interface StoredFile {
  readonly media: StoredMedia;
  readonly bytes: Uint8Array;
}

/**
 * A message in one box. In private chats and basic groups everybody has a copy of each message,
 * under an id of its own.
 */
export interface StoredMessage {
  id: number;
  /** Unix seconds. */
  date: number;
  peer: PeerRef;
  /** Null for a post of a channel. */
  from: bigint | null;
  out: boolean;
  text: string;
  editDate: number | null;
  forwarded: { readonly from: PeerRef; readonly date: number; readonly post: number | null } | null;
  /** Telegram itself put this copy of a channel's post into the discussion group. */
  copied?: boolean;
  replyTo: number | null;
  /** Formatting, as the sender gave it. */
  entities?: readonly TlObject[];
  /** "Restrict saving content". */
  noforwards?: boolean;
  /** Of a kind that clients cannot read. */
  unreadable?: boolean;
  /** Same in all messages of one album. */
  groupedId?: bigint;
  media?: StoredMedia | ShownMedia;
  /** Seconds after which its media destroys itself. */
  ttlS?: number;
  /** Where all copies are, this one included; absent in a channel. */
  copies?: readonly Copy[];
  /**
   * Forum topic, by the id of its first message; absent in the General one and where there are
   * none.
   */
  topic?: number;
  /** Of a service message ("created", "closed"): what happened. */
  action?: TlObject;
}

/** One account's copy of a message. */
interface Copy {
  readonly account: bigint;
  readonly id: number;
}

/** Something that moved a box's pts by `count` up to `pts`. */
export type BoxEvent = {
  readonly pts: number;
  readonly count: number /** Unix seconds. */;
  readonly at: number;
} & BoxChange;

/** What happened in a box. */
export type BoxChange =
  | { readonly kind: "new"; readonly id: number }
  | { readonly kind: "edit"; readonly id: number }
  | { readonly kind: "delete"; readonly ids: readonly number[] }
  | { readonly kind: "read-inbox"; readonly peer: PeerRef; readonly maxId: number }
  | { readonly kind: "read-outbox"; readonly peer: PeerRef; readonly maxId: number };

/**
 * A sequence of events with its own pts (https://core.telegram.org/api/updates): one per account,
 * one per channel.
 */
export interface BoxState {
  pts: number;
  lastId: number;
  messages: Map<number, StoredMessage>;
  events: BoxEvent[];
}

/** A person's account. */
export interface Account {
  id: bigint;
  accessHash: bigint;
  phone: string;
  firstName: string;
  lastName: string;
  username: string | null;
  dc: number;
  password: PasswordState | null;
  box: BoxState;
  qts: number;
  seq: number;
  /**
   * Highest read message by chat (`user:1`, `channel:2`): what this account read, and what others
   * read of it.
   */
  readInbox: Map<string, number>;
  readOutbox: Map<string, number>;
  /** random_id of messages already sent. */
  sent: Set<bigint>;
  /**
   * How login codes are delivered to it; absent: into the app when it has a session, else by SMS.
   */
  codeVia?: CodeVia;
  /** How often a random_id came a second time and was refused. */
  duplicates?: number;
}

/** 2FA of an account. */
export interface PasswordState {
  text: string;
  hint: string | null;
  /** Made on first use: it costs 60 ms. */
  verifier: SrpVerifier | null;
  wrong: number;
  /** Sandbox time in ms until which further tries get PHONE_PASSWORD_FLOOD. */
  blockedUntil: number;
}

/** A login code and what became of it. Times in ms. */
export interface LoginCode {
  phone: string;
  code: string;
  hash: string;
  keyId: string;
  /** How it was delivered. */
  type: CodeVia;
  sentAt: number;
  expiresAt: number;
  state: "valid" | "used" | "expired" | "cancelled" | "withdrawn" | "replaced";
  wrong: number;
}

/** A QR login token. Times in ms. */
export interface QrToken {
  /** base64url. */
  token: string;
  keyId: string;
  dc: number;
  expiresAt: number;
  exceptIds: bigint[];
  acceptedBy: bigint | null;
  used: boolean;
}

/** What a client told about itself in initConnection. */
export interface ClientInfo {
  readonly apiId: number;
  readonly device: string;
  readonly system: string;
  readonly app: string;
}

/** A logged-in auth key, as in Settings → Devices. */
export interface Authorization {
  keyId: string;
  account: bigint;
  hash: bigint;
  client: ClientInfo;
  ip: string;
  createdAt: number;
  activeAt: number;
  /**
   * True for a key of a foreign DC that got the login by auth.importAuthorization: the same device,
   * not listed.
   */
  imported: boolean;
}

/** Why a key does not work any more. */
export type KeyDeath = "duplicated" | "revoked" | "unregistered";

/** All that the world remembers; plain data, so that it can be written to a file. */
export interface WorldState {
  lastUserId: bigint;
  lastChannelId: bigint;
  lastGroupId: bigint;
  accounts: Map<bigint, Account>;
  groups: Map<bigint, Group>;
  channels: Map<bigint, Channel>;
  codes: LoginCode[];
  tokens: QrToken[];
  authorizations: Map<string, Authorization>;
  /** Keys that had a login and lost it, with the reason. */
  deadKeys: Map<string, KeyDeath>;
  /** By id. Absent in a state from before there were any. */
  files?: Map<bigint, StoredFile>;
  /** File references are of one generation; an older one is too old. */
  fileGeneration?: number;
  bot?: Bot;
}

/** The sender of login codes and service messages. */
export const SERVICE_USER_ID = 777000n;
/** Every forum has this topic; its messages name none. */
export const GENERAL_TOPIC = 1;

/** Key of a chat in the read maps. */
export function peerKey(peer: PeerRef): string {
  return `${peer.kind}:${peer.id}`;
}

export function samePeer(a: PeerRef, b: PeerRef): boolean {
  return a.kind === b.kind && a.id === b.id;
}

/** An empty world. */
export function emptyState(): WorldState {
  return {
    lastUserId: 100_000n,
    lastChannelId: 2_000_000_000n,
    // Their marked ids (-1000001) look like those of channels on purpose.
    lastGroupId: 1_000_000n,
    accounts: new Map(),
    groups: new Map(),
    channels: new Map(),
    codes: [],
    tokens: [],
    authorizations: new Map(),
    deadKeys: new Map(),
  };
}
