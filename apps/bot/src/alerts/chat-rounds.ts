import { sleep } from "@flotilla/kernel";

/**
 * Serves chats one round after the other, each by itself: news during a round make one more, and a
 * wait between two rounds ends with news.
 */
export class ChatRounds {
  readonly #round: (chat: string) => Promise<number>;
  readonly #running = new Map<string, Promise<void>>();
  /** Chats with news since their round began. */
  readonly #again = new Set<string>();
  /** Ends the wait of a chat whose next round is not due yet. */
  readonly #wake = new Map<string, () => void>();
  #closed = false;

  /**
   * `round` resolves with the time until something of the chat is due; 0 = nothing waits. It must
   * not reject.
   */
  constructor(round: (chat: string) => Promise<number>) {
    this.#round = round;
  }

  /** Resolves when nothing of this chat waits any more. */
  serve(chat: string): Promise<void> {
    const running = this.#running.get(chat);
    if (running) {
      this.#again.add(chat);
      this.#wake.get(chat)?.();
      return running;
    }
    const served = this.#serve(chat).finally(() => this.#running.delete(chat));
    this.#running.set(chat, served);
    return served;
  }

  /** Ends every wait; no further round begins. */
  close(): void {
    this.#closed = true;
    for (const wake of this.#wake.values()) wake();
  }

  async #serve(chat: string): Promise<void> {
    while (!this.#closed) {
      this.#again.delete(chat);
      const waitMs = await this.#round(chat);
      if (this.#again.has(chat)) continue;
      if (waitMs === 0) return;
      await this.#rest(chat, waitMs);
    }
  }

  async #rest(chat: string, ms: number): Promise<void> {
    const woken = new AbortController();
    this.#wake.set(chat, () => woken.abort());
    await sleep(ms, woken.signal).catch(() => {});
    this.#wake.delete(chat);
  }
}
