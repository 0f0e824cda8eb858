import { randomInt } from "node:crypto";
import { sleep } from "@flotilla/kernel";
import type { MovableClock } from "../world/clock.ts";
import type { CallbackAnswer, Hub } from "./hub.ts";
import { refusal } from "./model/refusal.ts";
import type { StoredMessage } from "./model/types.ts";

/**
 * How long a press may be answered. Telegram does not document it; about 15 s by measurement, so
 * count on nothing longer.
 */
export const ANSWER_LIFE_MS = 15_000;
const ANSWER_CHARACTERS = 200;
const TOASTS_KEPT = 500;

interface OpenCallback {
  chatId: number;
  messageId: number;
  pressedMs: number;
}

/**
 * Button presses waiting for the bot's answer, and the answers given. Each press can be answered
 * once.
 */
export class CallbackBook {
  readonly #clock: MovableClock;
  readonly #hub: Hub;
  readonly #open = new Map<string, OpenCallback>();
  #answers: CallbackAnswer[] = [];

  constructor(clock: MovableClock, hub: Hub) {
    this.#clock = clock;
    this.#hub = hub;
  }

  press(message: StoredMessage, data: string): string {
    const callbackId = `${message.chatId}${String(randomInt(10 ** 9)).padStart(9, "0")}`;
    this.#open.set(callbackId, {
      chatId: message.chatId,
      messageId: message.id,
      pressedMs: this.#clock.now(),
    });
    this.#hub.emit({
      type: "callback",
      chatId: message.chatId,
      messageId: message.id,
      callbackId,
      data,
    });
    return callbackId;
  }

  /** Refuses a second, late or unknown answer in Telegram's words. */
  answer(callbackId: string, answer: { text: string; alert: boolean; url: string | null }): void {
    const open = this.#open.get(callbackId);
    this.#open.delete(callbackId);
    if (open === undefined || this.#clock.now() - open.pressedMs > ANSWER_LIFE_MS)
      throw refusal(400, "query is too old and response timeout expired or query ID is invalid");
    if (answer.text.length > ANSWER_CHARACTERS) throw refusal(400, "MESSAGE_TOO_LONG");
    const { chatId, messageId } = open;
    const given: CallbackAnswer = {
      ...{ callbackId, chatId, messageId, atMs: this.#clock.now() },
      ...{ text: answer.text === "" ? null : answer.text, alert: answer.alert, url: answer.url },
    };
    this.#answers = [...this.#answers, given].slice(-TOASTS_KEPT);
    this.#hub.emit({ type: "answer", answer: given });
  }

  answers(): CallbackAnswer[] {
    return [...this.#answers];
  }

  /** The answer to a press, or null when none came within `waitMs`. */
  async waitForAnswer(
    callbackId: string,
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<CallbackAnswer | null> {
    const given = (): CallbackAnswer | undefined =>
      this.#answers.find((each) => each.callbackId === callbackId);
    const done = new AbortController();
    const stop = this.#hub.listen((event) => {
      if (event.type === "answer" && event.answer.callbackId === callbackId) done.abort();
    });
    try {
      if (given() === undefined)
        await sleep(
          waitMs,
          AbortSignal.any(signal === undefined ? [done.signal] : [done.signal, signal]),
        );
    } catch {
      // Answered, or the caller hung up: both end the wait.
    } finally {
      stop();
    }
    return given() ?? null;
  }

  clear(): void {
    this.#open.clear();
    this.#answers = [];
  }
}
