import type { Config } from "@flotilla/config";
import type { Clock } from "@flotilla/kernel";
import {
  hasSecondPath,
  type Logger,
  type SecondPathPlaces as MessagePlaces,
  requestOnce,
  sendBySecondPath,
} from "@flotilla/observability";
import type { Words } from "../kit/words/words.ts";
import type { CardRow } from "./alert-body.ts";
import type { CardStore } from "./card-store.ts";
import { alertRule } from "./kinds.ts";

/** Where alerts go when the chat is not enough. All may be null. */
export interface SecondPathPlaces extends MessagePlaces {
  /** Gets a GET every minute, as long as this bot is well. */
  readonly deadManUrl: string | null;
}

/** As the configuration has them, in clear. */
export function placesOf({
  webhookUrl,
  smtpUrl,
  deadManUrl,
  mailTo,
}: Config["secondPath"]): SecondPathPlaces {
  const reveal = (secret: typeof webhookUrl): string | null => secret?.reveal() ?? null;
  return {
    webhookUrl: reveal(webhookUrl),
    smtpUrl: reveal(smtpUrl),
    mailTo,
    deadManUrl: reveal(deadManUrl),
  };
}

/** Parts of {@link SecondPath}. */
export interface SecondPathDeps {
  readonly places: SecondPathPlaces;
  readonly cards: CardStore;
  readonly words: Words;
  /** What the bot's calls go through, without its password; null = direct. */
  readonly proxy?: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** Since when Telegram cannot be reached; null = it can. */
  readonly chatAwaySince: () => number | null;
  /**
   * Telegram does not know the bot's token any more: the chat is gone, and no message can reach it.
   */
  readonly tokenDead: () => boolean;
}

/** Milliseconds without the chat before the second path is used. */
const PATIENCE_MS = 5 * 60_000;
/** After a failure, the next try. */
const RETRY_MS = 60_000;
const PING_EVERY_MS = 60_000;

/**
 * The way around the chat: a webhook, an e-mail, and a ping that is missed when this bot is gone.
 * Never rejects.
 */
export class SecondPath {
  readonly #deps: SecondPathDeps;
  #notBefore = 0;
  #pingAt = 0;
  #pingedAt: number | null = null;
  #toldDead = false;

  constructor(deps: SecondPathDeps) {
    this.#deps = deps;
  }

  /** When the dead-man's ping last worked; null = never. */
  get pingedAt(): number | null {
    return this.#pingedAt;
  }

  /** True when there is somewhere to go. */
  get configured(): boolean {
    return hasSecondPath(this.#deps.places);
  }

  /** Tells what the chat could not, or what no admin took for an hour. Each card goes once. */
  async tell(): Promise<void> {
    const { cards, clock, log } = this.#deps;
    const now = clock.now();
    if (!this.configured || now < this.#notBefore) return;
    const awaySince = this.#deps.chatAwaySince();
    const dead = this.#deps.tokenDead();
    const away = dead || (awaySince !== null && now - awaySince >= PATIENCE_MS);
    const due = cards
      .allOpen()
      .filter((card) => card.secondPathAt === null && !card.calm && (away || card.level === 2));
    if (due.length === 0 && dead === this.#toldDead) return;
    try {
      await this.#send(due, this.#reason(dead, away ? awaySince : null, due.length));
      this.#toldDead = dead;
      for (const card of due) cards.toldBySecondPath(card.n, clock.now());
    } catch (error) {
      this.#notBefore = now + RETRY_MS;
      // Addresses may hold passwords: only the kind of the failure is logged.
      log.error({ failure: error instanceof Error ? error.name : "unknown" }, "second path failed");
    }
  }

  /** Pings the dead man's switch, once a minute. */
  async ping(): Promise<void> {
    const { places, clock, log } = this.#deps;
    const now = clock.now();
    if (places.deadManUrl === null || now < this.#pingAt) return;
    this.#pingAt = now + PING_EVERY_MS;
    try {
      await requestOnce(places.deadManUrl, {});
      this.#pingedAt = clock.now();
    } catch (error) {
      log.warn(
        { failure: error instanceof Error ? error.name : "unknown" },
        "dead-man ping failed",
      );
    }
  }

  #reason(dead: boolean, awaySince: number | null, count: number): string {
    const { words, proxy } = this.#deps;
    if (dead) return words.text("second-token");
    return awaySince === null
      ? words.text("second-unanswered")
      : words.text("second-away", { at: awaySince, count, proxy: proxy ?? "none" });
  }

  async #send(cards: readonly CardRow[], reason: string): Promise<void> {
    const { places, words } = this.#deps;
    const alerts = cards.flatMap((card) => card.alerts.map((alert) => ({ card, alert })));
    const lines = alerts.map(
      ({ card, alert }) => `#A${card.n} ${plain(words.said(alert.body.title).text)}`,
    );
    const json = {
      alerts: alerts.map(({ card, alert }) => ({
        card: `A${card.n}`,
        kind: alert.body.kind,
        level: alertRule(alert.body.kind).level,
        worker: alert.body.worker,
        host: alert.body.host,
        since: new Date(alert.openedAt).toISOString(),
        text: plain(words.said(alert.body.title).text),
      })),
    };
    await sendBySecondPath(places, { reason, lines, json });
  }
}

/** HTML as the text that it shows. */
function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, "")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}
