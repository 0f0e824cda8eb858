import type { PressContext } from "../chat/press-context.ts";
import type { AskResult } from "../commands.ts";
import { say } from "../words/said.ts";
import type { AlertOutbox } from "./alert-outbox.ts";
import type { AlertStore } from "./alert-store.ts";

/** Presses on alert cards: the card stays, and says who did what. */
export class AlertActions {
  readonly #alerts: AlertStore;
  readonly #outbox: AlertOutbox;
  readonly #now: () => number;

  constructor(alerts: AlertStore, outbox: AlertOutbox, now: () => number) {
    this.#alerts = alerts;
    this.#outbox = outbox;
    this.#now = now;
  }

  isAlert(chat: string, message: number): boolean {
    return this.#alerts.byMessage(chat, message) !== null;
  }

  /** Writes the action on the card, for every admin. */
  async acted(context: PressContext, result: AskResult): Promise<void> {
    const alert = this.#alerts.byMessage(context.chat, context.message);
    if (alert?.state !== "open") return;
    const by = result.kind === "already" ? result.by : context.asker.name;
    const action =
      result.kind === "failed"
        ? result.why
        : say(context.press.verb === "retry" ? "alert-retried" : "alert-action", { by, at: this.#now() });
    this.#alerts.raise({ ...alert.body, action }, this.#now());
    await this.#outbox.flush();
  }
}
