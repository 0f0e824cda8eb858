import type { StoredMessage } from "./model/types.ts";

/**
 * What happens in the bot's chats, for the page, for waits of the control API and for the state
 * file.
 */
export type HubEvent =
  | { type: "message" | "edited" | "deleted"; message: StoredMessage }
  | { type: "action"; chatId: number; action: string }
  | { type: "callback"; chatId: number; messageId: number; callbackId: string; data: string }
  | { type: "answer"; answer: CallbackAnswer }
  | { type: "commands" | "chat" | "reset"; chatId: number };

/** The bot's answer to one button press; `text` null means the spinner ended without a toast. */
export interface CallbackAnswer {
  callbackId: string;
  chatId: number;
  messageId: number;
  atMs: number;
  text: string | null;
  alert: boolean;
  url: string | null;
}

/** A plain list of listeners. A listener must not throw. */
export class Hub {
  readonly #listeners = new Set<(event: HubEvent) => void>();

  emit(event: HubEvent): void {
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Returns the function that ends the subscription. */
  listen(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
