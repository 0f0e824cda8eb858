import type { LinkStatus } from "@flotilla/contracts";
import type { ConnectionStatus, FloodStatus } from "@flotilla/telegram";

/** Calls that put something into a chat, or change it: texts, files in all their steps, edits. */
const SENDING = /^(?:messages\.(?:send|forward|edit|upload)|upload\.save)/;

/** Calls that ask for what was missed. */
const READING = /^(updates|messages\.get|channels\.get|users\.get)/;

/** The longest wait of calls that read, or null. A wait for one chat alone holds up nothing else. */
export function readingWait(waits: FloodStatus["waits"]): { readonly method: string; readonly until: number } | null {
  const [longest] = waits.filter(({ method, peer }) => peer === "" && READING.test(method));
  return longest ? { method: longest.method, until: longest.until } : null;
}

/** Until when some kind of message can be sent nowhere, or null. */
export function sendingWait(waits: FloodStatus["waits"]): number | null {
  const waiting = waits.filter(({ method, peer }) => SENDING.test(method) && peer === "").map(({ until }) => until);
  return waiting.length === 0 ? null : Math.max(...waiting);
}

/** What the card says about missed messages and about sending. */
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
