import type { LossReason, OutageReport, ProxyStatus } from "@flotilla/contracts";

/** Messages that cannot be had; `outage` says what became of the others. */
export interface Loss {
  readonly lost: number;
  readonly why: LossReason;
  readonly outage: OutageReport | null;
}

/** What an account tells to whoever deals with its messages. */
export interface Feed {
  /** Whether the messages of this chat are wanted with their text. */
  wants(chat: string): boolean;
  /** The chats that somebody wants, by marked id. */
  sources(): ReadonlySet<string>;
  /** The way to Telegram. */
  way(): ProxyStatus;
  /** Messages exist and cannot be had. */
  lost(loss: Loss): void;
  /** There is something in the inbox. */
  arrived(): void;
  /** There is a connection, and everything that was missed is in the inbox. */
  ready(): void;
}
