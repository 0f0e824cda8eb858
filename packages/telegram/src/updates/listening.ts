import type { SourceRow } from "@flotilla/session-store";
import { usualSilenceMs } from "./usual-silence.ts";

/** A chat is asked for when it said nothing for so many times its rhythm, and at least for so long. */
const ASK_TIMES = 5;
const ASK_MIN_MS = 5 * 60_000;
/** Somebody is told when it was quiet for so many times its rhythm, at least for so long, and longer than it uses to be from that hour on. */
const TELL_TIMES = 20;
const TELL_MIN_MS = 60 * 60_000;

/** A chat that says much less than it uses to, after the server was asked. */
export interface QuietChat {
  /** Marked id. */
  readonly chat: string;
  /** Of the last message before it was asked for; milliseconds since the Unix epoch. */
  readonly silentSince: number;
  readonly rhythmMs: number;
  /** Newer messages that the server had and had not pushed; they are in the inbox now. */
  readonly found: number;
  /** The server has newer ones that it does not give. */
  readonly withheld: boolean;
}

interface Noted extends QuietChat {
  /** The newest message at that time: with the next one the chat speaks again. */
  readonly lastMessageId: number;
}

/** Knows which chats went quiet, over all connections of a process. */
export class Listening {
  readonly #asked = new Map<string, number>();
  readonly #quiet = new Map<string, Noted>();
  #checkedAt: number | null = null;

  /** When the quiet ones were asked for last (milliseconds since the epoch), or null. */
  get checkedAt(): number | null {
    return this.#checkedAt;
  }

  /** Whether a chat is so quiet that the server is to be asked. `now` in milliseconds since the epoch. */
  isDue({ closed, rhythmMs, lastMessageAt, chat }: SourceRow, now: number): boolean {
    if (closed !== null || rhythmMs === null) return false;
    const asked = this.#asked.get(chat) ?? 0;
    return now - Math.max(lastMessageAt, asked) > Math.max(ASK_TIMES * rhythmMs, ASK_MIN_MS);
  }

  /** These are being asked for. */
  asking(chats: readonly string[], now: number): void {
    for (const chat of chats) this.#asked.set(chat, now);
  }

  /** The question for these was not answered. */
  unheard(chats: Iterable<string>): void {
    for (const chat of chats) this.#asked.delete(chat);
  }

  /** All that are due were asked for. */
  checked(now: number): void {
    this.#checkedAt = now;
  }

  /** What the server answered of one chat. Returns whether that is worth telling, and was not told. */
  heard(before: SourceRow, after: SourceRow | null, found: number, now: number): boolean {
    const { chat, rhythmMs, lastMessageAt, silences } = before;
    if (rhythmMs === null || !after) return false;
    const enoughMs = Math.max(TELL_TIMES * rhythmMs, TELL_MIN_MS, usualSilenceMs(silences, lastMessageAt));
    if (found === 0 && now - lastMessageAt < enoughMs) return false;
    const known = this.#quiet.get(chat);
    if (known && known.lastMessageId === after.lastMessageId) return false;
    const { lastMessageId } = after;
    this.#quiet.set(chat, { chat, silentSince: lastMessageAt, rhythmMs, found, withheld: false, lastMessageId });
    return true;
  }

  /** The server has more of a chat than it gives. `rhythmMs` 0: it has none yet. */
  withheld(row: SourceRow): void {
    const { chat, lastMessageAt, lastMessageId, rhythmMs } = row;
    const known = this.#quiet.get(chat);
    const base = { chat, silentSince: lastMessageAt, rhythmMs: rhythmMs ?? 0, found: known?.found ?? 0 };
    this.#quiet.set(chat, { ...base, withheld: true, lastMessageId });
  }

  /** Those that said nothing since. `newest` gives a chat's newest message. */
  quiet(newest: (chat: string) => SourceRow | null): QuietChat[] {
    for (const [chat, { lastMessageId }] of this.#quiet) {
      const row = newest(chat);
      if (!row || row.closed !== null || row.lastMessageId > lastMessageId) this.#quiet.delete(chat);
    }
    return [...this.#quiet.values()].map(({ lastMessageId: _, ...chat }) => chat);
  }
}
