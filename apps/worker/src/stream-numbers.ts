import type { LinkStatus } from "@flotilla/contracts";
import type { ConnectionStatus, FloodStatus } from "@flotilla/telegram";

/** Calls that Telegram's waits keep an account from sending with. */
const SENDING: ReadonlySet<string> = new Set(["messages.sendMessage", "messages.forwardMessages"]);

/** What the card says about missed messages and about sending. */
export function streamNumbers(
  { caughtUp }: ConnectionStatus,
  { perMinute, tokens, waits, halvedUntil, stopped }: FloodStatus,
  closedChats: number,
): Pick<LinkStatus, "outage" | "sending" | "closedChats"> {
  const waiting = waits.filter(({ method, peer }) => SENDING.has(method) && peer === "").map(({ until }) => until);
  const waitUntil = waiting.length === 0 ? null : Math.max(...waiting);
  const outage = caughtUp && {
    beganAt: caughtUp.beganAt,
    endedAt: caughtUp.endedAt,
    missed: caughtUp.missed,
    recovered: caughtUp.recovered,
    lost: caughtUp.lost,
  };
  return { outage, sending: { perMinute, tokens, waitUntil, halvedUntil, stopped: stopped?.reason ?? null }, closedChats };
}
