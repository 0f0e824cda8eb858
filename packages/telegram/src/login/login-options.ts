import type { SelfUser, SessionStore } from "@flotilla/session-store";
import type { AccountOptions } from "../link/account-options.ts";
import type { LinkTimings } from "../link/link.ts";

/** Options of {@link LoginFlow}. */
export interface LoginOptions extends AccountOptions {
  readonly store: SessionStore;
  /**
   * Asked before a login is kept: which other worker of the fleet has the account, or null. Whatever it throws leaves the login open, to be
   * tried again.
   */
  readonly ownerElsewhere?: (self: SelfUser) => Promise<string | null>;
  readonly timings?: Partial<LinkTimings>;
  /** Longest time that a QR login waits for its scan, in milliseconds; default 5 minutes. */
  readonly qrLimitMs?: number;
}
