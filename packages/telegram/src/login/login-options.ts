import type { Clock } from "@flotilla/kernel";
import type { SelfUser, SessionStore } from "@flotilla/session-store";
import type { AccountOptions } from "../link/account-options.ts";
import type { LinkTimings } from "../link/link.ts";

/** Store, server and checks of a {@link LoginFlow}. */
export interface LoginOptions extends AccountOptions {
  readonly store: SessionStore;
  /**
   * Called before a login is kept: the other worker of the fleet that has the account, or null.
   * When it throws, the login stays open for a retry.
   */
  readonly ownerElsewhere?: (self: SelfUser) => Promise<string | null>;
  readonly timings?: Partial<LinkTimings>;
  /** Milliseconds that a QR login waits for its scan; default 5 minutes. */
  readonly qrLimitMs?: number;
  readonly clock?: Clock;
}
