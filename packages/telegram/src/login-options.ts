import type { SessionStore } from "@flotilla/session-store";
import type { LinkTimings } from "./link.ts";
import type { AccountOptions } from "./types.ts";

/** Options of {@link LoginFlow}. */
export interface LoginOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly timings?: Partial<LinkTimings>;
  /** Longest time that a QR login waits for its scan, in milliseconds; default 5 minutes. */
  readonly qrLimitMs?: number;
}
