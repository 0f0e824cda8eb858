import type { Clock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Api } from "grammy";
import { sendProblem } from "../chat/bot-errors.ts";
import type { AdminStore } from "../store/admins.ts";
import type { Words } from "../words/words.ts";
import { alertCard, resolvedText } from "./alert-card.ts";
import type { AlertStore, Delivery } from "./alert-store.ts";

/** Parts of the outbox. */
export interface AlertOutboxDeps {
  readonly api: Api;
  readonly alerts: AlertStore;
  readonly admins: AdminStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The language of an admin. */
  readonly wordsOf: (chat: string) => Words;
}

/**
 * Delivers alerts: what is due stands in the database, so nothing is lost by a restart or while Telegram is away.
 * A message that went out just before a crash may go out once more; none is left out.
 */
export class AlertOutbox {
  readonly #deps: AlertOutboxDeps;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(deps: AlertOutboxDeps) {
    this.#deps = deps;
  }

  /** Sends and edits whatever is due. Calls while it runs are served by one more round. Never rejects. */
  flush(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#rounds().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #rounds(): Promise<void> {
    do {
      this.#again = false;
      for (const delivery of this.#deps.alerts.due(this.#deps.admins.reachable(), this.#deps.clock.now()))
        await this.#deliver(delivery);
    } while (this.#again);
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { alert, admin } = delivery;
    try {
      const message = delivery.message === null ? await this.#send(delivery) : await this.#edit(delivery, delivery.message);
      this.#deps.alerts.delivered(alert.n, admin, message, alert.revision);
    } catch (error) {
      if (sendProblem(error) === "unreachable") this.#deps.admins.unreachable(admin);
      this.#deps.log.warn({ err: error, alert: alert.n, admin }, "alert not delivered yet");
    }
  }

  async #send({ alert, admin }: Delivery): Promise<number> {
    const card = alertCard(this.#deps.wordsOf(admin), alert);
    const sent = await this.#deps.api.sendMessage(admin, card.html, {
      parse_mode: "HTML",
      reply_markup: { inline_keyboard: card.keyboard },
    });
    return sent.message_id;
  }

  async #edit(delivery: Delivery, message: number): Promise<number> {
    const { alert, admin } = delivery;
    const card = alertCard(this.#deps.wordsOf(admin), alert);
    try {
      await this.#deps.api.editMessageText(admin, message, card.html, {
        parse_mode: "HTML",
        reply_markup: { inline_keyboard: card.keyboard },
      });
    } catch (error) {
      const problem = sendProblem(error);
      if (problem === "message-gone") return await this.#send(delivery);
      if (problem !== "not-modified") throw error;
    }
    if (alert.state === "resolved") {
      const reply = { message_id: message, allow_sending_without_reply: true };
      await this.#deps.api.sendMessage(admin, resolvedText(this.#deps.wordsOf(admin), alert), {
        parse_mode: "HTML",
        disable_notification: true,
        reply_parameters: reply,
      });
    }
    return message;
  }
}
