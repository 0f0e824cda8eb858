import type { AlertChat } from "../admins/admin-store.ts";

/** A card that was told and is still open. Times are milliseconds since the epoch. */
export interface CardFact {
  readonly openedAt: number;
  /** When it was last told with a sound. */
  readonly toldAt: number;
  /** An admin took it: no repeats, no escalation. */
  readonly taken: boolean;
  /** No message now: it is muted, or all that is open on it is silenced or waits for the day. */
  readonly quiet: boolean;
  /**
   * How far it has gone: 0 = the first chat, 1 = the next one as well, 2 = everybody and the second
   * path.
   */
  readonly level: EscalationLevel;
  readonly repeatMs: number | null;
  /** Calm cards never go further. */
  readonly calm: boolean;
}

/** 0 = the first admin, 1 = the next one as well, 2 = everybody and the second path. */
export type EscalationLevel = 0 | 1 | 2;

/**
 * Escalation of an alert that no admin took: the next admin after 15 min, all admins and the second
 * path after 60 min.
 */
const NEXT_AFTER_MS = 15 * 60_000;
const ALL_AFTER_MS = 60 * 60_000;

/** How far a card has to go by now. Never less far than it went. */
export function escalationOf(card: CardFact, now: number): EscalationLevel {
  if (card.taken || card.calm || card.quiet) return card.level;
  const due = levelAfter(now - card.openedAt);
  return due > card.level ? due : card.level;
}

function levelAfter(waitedMs: number): EscalationLevel {
  if (waitedMs >= ALL_AFTER_MS) return 2;
  return waitedMs >= NEXT_AFTER_MS ? 1 : 0;
}

/** True when the card is to be told once more. */
export function repeatIsDue(card: CardFact, now: number): boolean {
  if (card.taken || card.repeatMs === null || card.quiet) return false;
  return now - card.toldAt >= card.repeatMs;
}

/**
 * Who sees a card of this level: every group, and one more person per level, skipping those whom
 * the bot cannot reach. `together`: everybody from the start.
 */
export function audience(
  chats: readonly AlertChat[],
  level: EscalationLevel,
  together: boolean,
): string[] {
  const reachable = chats.filter((each) => each.reachable);
  const people = reachable.filter((each) => !each.group);
  const heard = together || level === 2 ? people : people.slice(0, level + 1);
  return [...reachable.filter((each) => each.group), ...heard].map((each) => each.chat);
}

const MINUTE_MS = 60_000;
/** Telegram takes about one message a second and 20 a minute in a group; people take less. */
const PER_MINUTE = 6;

/**
 * How many of `waiting` new messages may go to a chat now, given when the last ones went. `digest`:
 * the rest goes as one message that lists them, which is the last one that there is room for.
 */
export function pace(
  sentAt: readonly number[],
  waiting: number,
  now: number,
): { readonly single: number; readonly digest: boolean } {
  const room = Math.max(0, PER_MINUTE - sentAt.filter((at) => now - at < MINUTE_MS).length);
  if (waiting <= room) return { single: waiting, digest: false };
  return room === 0 ? { single: 0, digest: false } : { single: room - 1, digest: true };
}
