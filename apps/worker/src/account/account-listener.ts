import type { LossReason, OutageReport, ProxyStatus } from "@flotilla/contracts";

/** Messages that Telegram no longer delivers; `outage` describes the catch-up that lost them. */
export interface Loss {
  readonly lost: number;
  readonly why: LossReason;
  readonly outage: OutageReport | null;
}

/** The consumer of an account's messages: the relay. */
export interface AccountListener {
  /** Whether the texts of this chat's messages are kept. */
  wants(chat: string): boolean;
  /** Marked ids of the chats that routes read. */
  sources(): ReadonlySet<string>;
  proxy(): ProxyStatus;
  /** Messages were lost. */
  lost(loss: Loss): void;
  /** The inbox has new events. */
  arrived(): void;
  /** The account is connected and its catch-up is in the inbox. */
  ready(): void;
}
