import type { OutageReport } from "@flotilla/contracts";

/**
 * How long an outage was, for its texts: without a connection, or, where only Telegram's dates
 * tell, since the last update before it. Whole seconds, never more than it was (field fault D6).
 */
export function outageLength({ beganAt, endedAt, offlineMs }: OutageReport): {
  readonly how: string;
  readonly ms: number;
} {
  const ms = offlineMs ?? Math.max(0, endedAt - (beganAt ?? endedAt));
  return { how: offlineMs === null ? "update" : "offline", ms: Math.floor(ms / 1000) * 1000 };
}
