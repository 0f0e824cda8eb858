import { LEASE_TIMINGS } from "@flotilla/queue";
import { CONTESTED_TIMINGS } from "@flotilla/telegram";
import { expect, test } from "vitest";

test("Telegram hangs up on a frozen holder 1 s before its lease ends, even when a ping is late", () => {
  const { actMs, ttlMs, renewEveryMs } = LEASE_TIMINGS;
  const { pingEveryMs, serverDisconnectS } = CONTESTED_TIMINGS;
  expect(actMs + serverDisconnectS * 1000).toBeLessThanOrEqual(ttlMs - 1000);
  expect(pingEveryMs * 2).toBeLessThan(serverDisconnectS * 1000);
  expect(renewEveryMs * 2).toBeLessThanOrEqual(actMs);
});
