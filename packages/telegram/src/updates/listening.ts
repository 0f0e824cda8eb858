import type { SourceRow } from "@flotilla/session-store";
import { usualSilenceMs } from "./usual-silence.ts";

/** A chat is checked after a silence of this many times its rhythm, and at least this long. */
const ASK_TIMES = 5;
const ASK_MIN_MS = 5 * 60_000;
/**
 * A silence is reported after this many times its rhythm, at least this long, and longer than usual
 * from that hour on.
 */
const TELL_TIMES = 20;
const TELL_MIN_MS = 60 * 60_000;

/** A chat that is much quieter than usual, after the server was asked. */
export interface QuietChat {
  /** Marked id. */
  readonly chat: string;
  /** Time of its last message before the check, in milliseconds since the Unix epoch. */
  readonly silentSince: number;
  readonly rhythmMs: number;
  /** Newer messages that the server had not pushed; they are in the inbox now. */
  readonly found: number;
  /** True = the server has newer messages and does not return them. */
  readonly withheld: boolean;
}

interface Noted extends QuietChat {
  /** The newest message at that time: the next one ends the silence. */
  readonly lastMessageId: number;
}

/** Tracks quiet chats over all connections of a process. */
export class Listening {
  readonly #asked = new Map<string, number>();
  readonly #quiet = new Map<string, Noted>();
  #checkedAt: number | null = null;

  /** Time of the last complete check (milliseconds since the epoch), or null. */
  get checkedAt(): number | null {
    return this.#checkedAt;
  }

  /**
   * Whether a chat is so quiet that the server must be asked. `now` in milliseconds since the
   * epoch.
   */
  isDue({ closed, rhythmMs, lastMessageAt, chat }: SourceRow, now: number): boolean {
    if (closed !== null || rhythmMs === null) return false;
    const asked = this.#asked.get(chat) ?? 0;
    return now - Math.max(lastMessageAt, asked) > Math.max(ASK_TIMES * rhythmMs, ASK_MIN_MS);
  }

  /** Records that these chats are being checked. */
  asking(chats: readonly string[], now: number): void {
    for (const chat of chats) this.#asked.set(chat, now);
  }

  /** The check of these chats got no answer. */
  unheard(chats: Iterable<string>): void {
    for (const chat of chats) this.#asked.delete(chat);
  }

  /** All due chats were checked. */
  checked(now: number): void {
    this.#checkedAt = now;
  }

  /** Records the server's answer on a chat. Returns whether its silence must be reported now. */
  heard(before: SourceRow, after: SourceRow | null, found: number, now: number): boolean {
    const { chat, rhythmMs, lastMessageAt, silences } = before;
    if (rhythmMs === null || !after) return false;
    const enoughMs = Math.max(
      TELL_TIMES * rhythmMs,
      TELL_MIN_MS,
      usualSilenceMs(silences, lastMessageAt),
    );
    if (found === 0 && now - lastMessageAt < enoughMs) return false;
    const known = this.#quiet.get(chat);
    if (known && known.lastMessageId === after.lastMessageId) return false;
    const { lastMessageId } = after;
    this.#quiet.set(chat, {
      chat,
      silentSince: lastMessageAt,
      rhythmMs,
      found,
      withheld: false,
      lastMessageId,
    });
    return true;
  }

  /** Records that the server withholds messages of a chat. `rhythmMs` 0 = no rhythm yet. */
  withheld(row: SourceRow): void {
    const { chat, lastMessageAt, lastMessageId, rhythmMs } = row;
    const known = this.#quiet.get(chat);
    const base = {
      chat,
      silentSince: lastMessageAt,
      rhythmMs: rhythmMs ?? 0,
      found: known?.found ?? 0,
    };
    this.#quiet.set(chat, { ...base, withheld: true, lastMessageId });
  }

  /** The reported chats without a newer message. `newest` returns a chat's newest message. */
  quiet(newest: (chat: string) => SourceRow | null): QuietChat[] {
    for (const [chat, { lastMessageId }] of this.#quiet) {
      const row = newest(chat);
      if (!row || row.closed !== null || row.lastMessageId > lastMessageId)
        this.#quiet.delete(chat);
    }
    return [...this.#quiet.values()].map(({ lastMessageId: _, ...chat }) => chat);
  }
}
