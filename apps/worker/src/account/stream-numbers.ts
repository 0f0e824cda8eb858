import type { LinkStatus } from "@flotilla/contracts";
import type { ConnectionStatus, FloodStatus } from "@flotilla/telegram";

/** Calls that send or change messages, uploads of files included. */
const SENDING = /^(?:messages\.(?:send|forward|edit|upload)|upload\.save)/;

/** Calls that fetch updates and messages. */
const READING = /^(updates|messages\.get|channels\.get|users\.get)/;

/** The longest flood wait of reading calls, or null. A wait for a single chat does not count. */
export function readingWait(
  waits: FloodStatus["waits"],
): { readonly method: string; readonly until: number } | null {
  const [longest] = waits.filter(({ method, peer }) => peer === "" && READING.test(method));
  return longest ? { method: longest.method, until: longest.until } : null;
}

/**
 * End of the longest flood wait that blocks a kind of message in every chat, in milliseconds since
 * the epoch; null when there is none.
 */
export function sendingWait(waits: FloodStatus["waits"]): number | null {
  const waiting = waits
    .filter(({ method, peer }) => SENDING.test(method) && peer === "")
    .map(({ until }) => until);
  return waiting.length === 0 ? null : Math.max(...waiting);
}

/** The card's figures about missed messages and sending. */
export function streamNumbers(
  { caughtUp }: ConnectionStatus,
  { perMinute, tokens, waits, halvedUntil, stopped }: FloodStatus,
  closedChats: number,
): Pick<LinkStatus, "outage" | "sending" | "closedChats" | "readingWait"> {
  const waitUntil = sendingWait(waits);
  const outage = caughtUp && {
    beganAt: caughtUp.beganAt,
    offlineMs: caughtUp.offlineMs,
    endedAt: caughtUp.endedAt,
    missed: caughtUp.missed,
    recovered: caughtUp.recovered,
    lost: caughtUp.lost,
  };
  const sending = { perMinute, tokens, waitUntil, halvedUntil, stopped: stopped?.reason ?? null };
  return { outage, sending, closedChats, readingWait: readingWait(waits) };
}
