import type { Config } from "@flotilla/config";
import { type Clock, withTimeout } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { createTransport } from "nodemailer";
import type { Words } from "../kit/words/words.ts";
import type { CardRow } from "./alert-body.ts";
import type { CardStore } from "./card-store.ts";
import { alertRule } from "./kinds.ts";

/** Where alerts go when the chat is not enough. All may be null. */
export interface SecondPathPlaces {
  /** Gets a POST with JSON. */
  readonly webhookUrl: string | null;
  /** `smtp://user:password@host:port` or `smtps://…`. */
  readonly smtpUrl: string | null;
  readonly mailTo: string | null;
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
const TIMEOUT_MS = 10_000;
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
    const { webhookUrl, smtpUrl, mailTo } = this.#deps.places;
    return webhookUrl !== null || (smtpUrl !== null && mailTo !== null);
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
      await request(places.deadManUrl, {});
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
    const { webhookUrl, smtpUrl, mailTo } = places;
    const sent: Promise<void>[] = [];
    if (webhookUrl !== null) sent.push(this.#post(webhookUrl, reason, alerts));
    if (smtpUrl !== null && mailTo !== null) sent.push(mail(smtpUrl, mailTo, reason, lines));
    const results = await Promise.allSettled(sent);
    const refused = results.find((result) => result.status === "rejected");
    if (refused && results.every((result) => result.status === "rejected")) throw refused.reason;
  }

  async #post(
    url: string,
    reason: string,
    alerts: readonly { readonly card: CardRow; readonly alert: CardRow["alerts"][number] }[],
  ): Promise<void> {
    const body = {
      source: "flotilla",
      reason,
      alerts: alerts.map(({ card, alert }) => ({
        card: `A${card.n}`,
        kind: alert.body.kind,
        level: alertRule(alert.body.kind).level,
        worker: alert.body.worker,
        host: alert.body.host,
        since: new Date(alert.openedAt).toISOString(),
        text: plain(this.#deps.words.said(alert.body.title).text),
      })),
    };
    const headers = { "content-type": "application/json" };
    await request(url, { method: "POST", headers, body: JSON.stringify(body) });
  }
}

async function request(url: string, init: RequestInit): Promise<void> {
  const stop = new AbortController();
  const late = (): Error => new Error("timeout");
  const answer = await withTimeout(
    fetch(url, { ...init, signal: stop.signal }),
    TIMEOUT_MS,
    late,
  ).finally(() => stop.abort());
  if (!answer.ok) throw new Error(`status ${answer.status}`);
}

async function mail(
  url: string,
  to: string,
  subject: string,
  lines: readonly string[],
): Promise<void> {
  const transport = createTransport(url, { from: "flotilla@localhost" });
  try {
    const sent = transport.sendMail({
      to,
      subject: `Flotilla: ${subject}`,
      text: lines.join("\n"),
    });
    await withTimeout(sent, TIMEOUT_MS, () => new Error("timeout"));
  } finally {
    transport.close();
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
