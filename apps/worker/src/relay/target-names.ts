import type { ChatPins } from "@flotilla/session-store";
import { nameMoved } from "./name-moved.ts";
import type { RelayTelegram } from "./ports.ts";

/**
 * Which chats the targets of routes are. A name means the chat that it led to at first: when it was
 * given up, the chat is still the one; when it leads to another one, nothing is delivered. A group
 * that became a supergroup is followed.
 */
export class TargetNames {
  readonly #pins: ChatPins;
  readonly #telegram: Pick<RelayTelegram, "resolve">;

  constructor(pins: ChatPins, telegram: Pick<RelayTelegram, "resolve">) {
    this.#pins = pins;
    this.#telegram = telegram;
  }

  /** The chat that a route means. Throws AppError `name-moved`, or what Telegram answered. */
  async chatOf(
    route: string,
    ref: string,
  ): Promise<{ readonly id: string; readonly became: boolean }> {
    const pins = this.#pins;
    if (!ref.startsWith("@")) return { id: pins.now(ref), became: pins.now(ref) !== ref };
    const pin = pins.get(pinOf(route), ref);
    const led = await this.#telegram.resolve(ref);
    if (pin === null && led !== null) pins.set(pinOf(route), ref, led);
    if (pin !== null && led !== null && led !== pins.now(pin)) throw nameMoved(ref, pin, led);
    const chat = pin ?? led;
    if (chat === null) return { id: ref, became: false };
    return { id: pins.now(chat), became: pins.now(chat) !== chat };
  }

  /** A route that comes back with the same name means what that leads to then. */
  forget(route: string): void {
    this.#pins.forget(pinOf(route));
  }
}

/** Under which name a sender keeps this; no route has a blank in its own. */
function pinOf(route: string): string {
  return `to ${route}`;
}
