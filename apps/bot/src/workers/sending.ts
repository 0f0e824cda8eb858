import type { LinkStatus, WorkerStatus } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { verbButton } from "../kit/keyboard.ts";
import { type Html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** Said only when something is in the way of sending or reading: what waits, until when. */
export function waitLines(
  words: Words,
  { sending, readingWait }: LinkStatus,
  now: number,
): Html | null {
  const reading =
    readingWait && readingWait.until > now
      ? words.html("details-reading-waits", { at: readingWait.until, method: readingWait.method })
      : null;
  const both = lines(reading, sending ? sendingLine(words, sending, now) : null);
  return both.text === "" ? null : both;
}

/** [▶️ Resume sending], while Telegram's PEER_FLOOD keeps the account from sending. */
export function resumeButtons(
  words: Words,
  worker: string,
  { link }: WorkerStatus,
): InlineKeyboardButton[][] {
  return typeof link?.sending?.stopped === "string" ? [[verbButton(words, "resume", worker)]] : [];
}

function sendingLine(
  words: Words,
  sending: NonNullable<LinkStatus["sending"]>,
  now: number,
): Html | null {
  if (sending.stopped !== null)
    return words.html("details-sending-stopped", { reason: sending.stopped });
  if (sending.waitUntil !== null && sending.waitUntil > now)
    return words.html("details-sending-waits", { at: sending.waitUntil });
  if (sending.halvedUntil === null) return null;
  return words.html("details-sending-halved", { rate: sending.perMinute, at: sending.halvedUntil });
}
