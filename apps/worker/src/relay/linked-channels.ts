import { bareChannel, sleep } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { SessionStore } from "@flotilla/session-store";
import type { RelayTelegram } from "./ports.ts";

/**
 * A group gets or loses its channel rarely; Telegram sends no update about it that every member
 * sees.
 */
const ASK_AGAIN_MS = 24 * 60 * 60_000;
const PACE_MS = 1000;

/** Parts of {@link LinkedChannels}. */
export interface LinkedChannelsDeps {
  readonly store: Pick<SessionStore, "linkedChats">;
  readonly telegram: Pick<RelayTelegram, "linkedChannel">;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Learns which sources are discussion groups of a channel: a route from there to the channel would
 * be a loop.
 */
export class LinkedChannels {
  readonly #deps: LinkedChannelsDeps;
  #wanted = new Set<string>();
  #running: Promise<void> | null = null;

  constructor(deps: LinkedChannelsDeps) {
    this.#deps = deps;
  }

  /**
   * Asks about those of these chats (marked ids) that were not asked about within a day, one a
   * second.
   */
  learn(chats: Iterable<string>): void {
    for (const chat of chats)
      if (bareChannel(chat) !== null && this.#isDue(chat)) this.#wanted.add(chat);
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async #run(): Promise<void> {
    const { store, telegram, now, signal, log } = this.#deps;
    for (const chat of this.#wanted) {
      if (signal.aborted) return;
      this.#wanted.delete(chat);
      try {
        store.linkedChats.set(chat, await telegram.linkedChannel(chat), now());
      } catch (error) {
        // A wait, no connection, no access: the next connection asks again. What comes back is
        // recognised without it.
        log.debug({ err: error }, "the channel of a discussion group could not be learned");
      }
      await sleep(PACE_MS, signal).catch(() => {});
    }
  }

  #isDue(chat: string): boolean {
    const known = this.#deps.store.linkedChats.get(chat);
    return known === null || Math.abs(this.#deps.now() - known.at) >= ASK_AGAIN_MS;
  }
}
