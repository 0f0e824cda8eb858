import type { HostId, WorkerId } from "@flotilla/kernel";
import type { PressContext } from "../kit/press-context.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { AskResult } from "../workers/commands.ts";
import { type AlertBody, alertBody, type CardRow } from "./alert-body.ts";
import type { AlertOutbox } from "./alert-outbox.ts";
import type { AlertStore } from "./alert-store.ts";
import type { CardStore } from "./card-store.ts";
import { openWorkers } from "./group-card.ts";
import { EVERYBODY, type SilenceStore } from "./silence-store.ts";

/** Parts of {@link AlertActions}. */
export interface AlertActionDeps {
  readonly alerts: AlertStore;
  readonly cards: CardStore;
  readonly silences: SilenceStore;
  readonly outbox: Pick<AlertOutbox, "flush">;
  readonly host: HostId;
  readonly now: () => number;
}

/** Nothing can be done about these but to know of them. */
const TAKEN_IS_OVER: ReadonlySet<AlertBody["kind"]> = new Set(["test", "drill", "gap"]);
const MUTE_CARD_MS = 4 * 3_600_000;

/** What people do about alerts: the card stays, and says who did what. */
export class AlertActions {
  readonly #deps: AlertActionDeps;

  constructor(deps: AlertActionDeps) {
    this.#deps = deps;
  }

  isAlert(chat: string, message: number): boolean {
    return this.#deps.cards.byMessage(chat, message).length > 0;
  }

  /** Writes on the card what a button of it led to, for everybody who sees it. */
  acted(context: PressContext, result: AskResult): void {
    const { alerts, cards, outbox, now } = this.#deps;
    const by = result.kind === "already" ? result.by : context.asker.name;
    const { verb: pressed, arg, about } = context.press;
    const verb = pressed === "rset" ? arg : pressed;
    const action =
      result.kind === "failed" ? result.why : say("alert-action", { verb, by, at: now() });
    for (const card of cards.byMessage(context.chat, context.message)) {
      for (const alert of card.alerts) {
        const { route, worker } = alert.body;
        const isMeant = (pressed === "rset" ? route : worker) === about;
        if (alert.resolvedAt === null && isMeant)
          alerts.raise(alert.subject, { ...alert.body, action }, now());
      }
    }
    void outbox.flush(context);
  }

  /**
   * Brings every card up to date, the pressed one at once; the next press does not wait for the
   * others.
   */
  tell(context: PressContext): void {
    void this.#deps.outbox.flush(context);
  }

  /**
   * Workers of a card whose trouble is still open, in the order in which they came; null = there is
   * no such card.
   */
  crew(card: number): WorkerId[] | null {
    const found = this.#deps.cards.find(card);
    return found && openWorkers(found);
  }

  /** Writes on the card what an admin does about all its workers. */
  began(card: number, verb: string, by: string): void {
    const { alerts, cards, outbox, now } = this.#deps;
    const action = say("alert-action", { verb, by, at: now() });
    for (const alert of cards.find(card)?.alerts ?? [])
      if (alert.resolvedAt === null) alerts.raise(alert.subject, { ...alert.body, action }, now());
    void outbox.flush();
  }

  /** ✋: no repeats and no escalation from now on. A drill, a test and a loss are over with it. */
  take(context: PressContext): Said {
    const { cards, alerts, now } = this.#deps;
    const card = this.#pressed(context);
    if (!card || card.resolvedAt !== null) return say("toast-alert-over");
    const taken = cards.take(card.n, context.asker.name, now());
    for (const alert of card.alerts) {
      if (TAKEN_IS_OVER.has(alert.body.kind))
        alerts.resolve(alert.n, say("solved-taken", { by: context.asker.name }), now());
    }
    return taken ? say("toast-taken") : say("toast-taken-already", { by: card.takenBy ?? "?" });
  }

  /**
   * 🔕: this card and its workers are quiet for 4 h, or for longer when they were before; changes
   * and the end are still shown.
   */
  hush(context: Pick<PressContext, "press" | "asker">): Said {
    const { cards, silences, now } = this.#deps;
    const card = this.#pressed(context);
    if (!card || card.resolvedAt !== null) return say("toast-alert-over");
    const until = now() + MUTE_CARD_MS;
    cards.mute(card.n, until);
    const by = context.asker.name;
    for (const worker of new Set(card.alerts.flatMap(({ body }) => body.worker ?? []))) {
      const before = silences.muteOf(worker, now());
      if (before === null || before.until < until)
        silences.set({ scope: worker, kind: "mute", since: now(), until, by });
    }
    return say("toast-muted", { until });
  }

  /**
   * Mutes one worker, or all (`scope` `*`), or ends that (`forMs` 0). The end of the mute of all is
   * the end of every mute, of workers and of cards; maintenance windows stay.
   */
  mute(scope: string, forMs: number, by: string): Said {
    const { silences, now } = this.#deps;
    if (forMs === 0) return scope === EVERYBODY ? this.#unmuteAll() : this.#unmute(scope);
    silences.set({ scope, kind: "mute", since: now(), until: now() + forMs, by });
    return say("toast-muted", { until: now() + forMs });
  }

  #unmute(scope: string): Said {
    const { silences, cards, now } = this.#deps;
    silences.end(scope, "mute", now());
    for (const card of cards.allOpen())
      if (openWorkers(card).some((worker) => worker === scope)) cards.unmute(card.n);
    const other = silences.besides(scope, now());
    if (other === null) return say("toast-unmuted");
    return say(`toast-still-${other.kind}`, { by: other.by, until: other.until });
  }

  #unmuteAll(): Said {
    const { silences, cards, now } = this.#deps;
    for (const { scope, kind } of silences.active(now()))
      if (kind === "mute") silences.end(scope, kind, now());
    cards.unmuteAll();
    return say("unmute-all-done");
  }

  /** A maintenance window with an end: nothing is told until then, and one summary after it. */
  maintain(scope: string, forMs: number, by: string): Said {
    const { silences, now } = this.#deps;
    if (forMs === 0) silences.end(scope, "maintenance", now());
    else silences.set({ scope, kind: "maintenance", since: now(), until: now() + forMs, by });
    return forMs === 0
      ? say("toast-maintenance-over")
      : say("toast-maintenance", { until: now() + forMs });
  }

  /**
   * A test of the way to the chats, or a drill of the whole way through them. Each is marked as
   * what it is.
   */
  async practise(kind: "test" | "drill", by: string, id: string): Promise<void> {
    const { alerts, outbox, host, now } = this.#deps;
    const title = say(kind === "test" ? "alert-test" : "alert-drill", { by });
    const details = [say(kind === "test" ? "alert-test-how" : "alert-drill-how")];
    const body = alertBody({
      kind,
      host,
      title,
      details,
    });
    // The same press handled twice, such as after a crash, is one alert.
    if (!alerts.known(`${kind}:${id}`)) alerts.raise(`${kind}:${id}`, body, now());
    await outbox.flush();
  }

  #pressed(context: Pick<PressContext, "press">): CardRow | null {
    const n = Number.parseInt(context.press.arg, 36);
    return Number.isSafeInteger(n) ? this.#deps.cards.find(n) : null;
  }
}
