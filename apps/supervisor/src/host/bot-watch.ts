import type { Clock, HostId } from "@flotilla/kernel";
import {
  hasSecondPath,
  type Logger,
  type SecondPathMessage,
  type SecondPathPlaces,
  sendBySecondPath,
} from "@flotilla/observability";
import type { BotBoard, LastBot } from "@flotilla/queue";

/** Parts of {@link BotWatch}. */
export interface BotWatchDeps {
  readonly board: Pick<BotBoard, "heard" | "last" | "takeAway" | "endAway">;
  readonly places: SecondPathPlaces;
  readonly host: HostId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds without a bot before it is told. */
  readonly patienceMs?: number;
  /** Milliseconds between two looks. */
  readonly lookMs?: number;
}

const PATIENCE_MS = 2 * 60_000;
const LOOK_MS = 5000;
/** After a message that could not be sent, the next try. Milliseconds. */
const RETRY_MS = 60_000;

/**
 * Hears whether the fleet has a bot. When there is none for two minutes although Redis answers,
 * one host of the fleet tells it by the second path, and one tells when the bot is back.
 */
export class BotWatch implements Disposable {
  readonly #deps: BotWatchDeps;
  readonly #timer: NodeJS.Timeout;
  /** Since when no bot is heard, by the monotonic clock and the other one; null = one is heard. */
  #silent: { readonly from: number; readonly at: number } | null = null;
  #notBefore = Number.NEGATIVE_INFINITY;
  #isLooking = false;

  constructor(deps: BotWatchDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), deps.lookMs ?? LOOK_MS);
    this.#timer.unref();
  }

  /** Looks once. Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#look();
    } catch (error) {
      // Without Redis nothing is known of the bot.
      this.#silent = null;
      this.#deps.log.debug({ err: error }, "redis");
    } finally {
      this.#isLooking = false;
    }
  }

  async #look(): Promise<void> {
    const { board, clock, places, patienceMs = PATIENCE_MS } = this.#deps;
    const heard = await board.heard();
    const now = clock.monotonicMs();
    if (heard) {
      this.#silent = null;
      if (now >= this.#notBefore && hasSecondPath(places) && (await board.endAway()))
        await this.#tell(backAgain(heard), () => board.takeAway(this.#deps.host));
      return;
    }
    this.#silent ??= { from: now, at: clock.now() };
    const isOver = now - this.#silent.from >= patienceMs && now >= this.#notBefore;
    if (!isOver || !hasSecondPath(places) || !(await board.takeAway(this.#deps.host))) return;
    const last = await board.last().catch(() => null);
    await this.#tell(away(last, this.#silent.at), () => board.endAway());
  }

  /** `undo` lets this or another host try again. */
  async #tell(message: SecondPathMessage, undo: () => Promise<unknown>): Promise<void> {
    const { places, log, clock } = this.#deps;
    try {
      await sendBySecondPath(places, message);
      log.warn(`told by the second path: ${message.reason}`);
    } catch (error) {
      this.#notBefore = clock.monotonicMs() + RETRY_MS;
      // Addresses may hold passwords: only the kind of the failure is logged.
      log.error({ failure: error instanceof Error ? error.name : "unknown" }, "second path failed");
      await undo();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function away(last: LastBot | null, silentAt: number): SecondPathMessage {
  const where = last ? `the bot on ${last.host}` : "the bot of the fleet";
  const since = new Date(silentAt).toISOString();
  const onHost = last ? ` на ${last.host}` : "";
  return {
    reason: `${where} is not heard since ${since}`,
    lines: [
      `Hosts hear nothing of ${where} since ${since}. Workers and relays run on; the chat answers nothing.`,
      "Start it again there. If its host is gone, run on another one:",
      "  npm run flotilla -- bot --take-over",
      "",
      `Хосты не слышат бота${onHost} с ${since}. Аккаунты и пересылка работают, чат не отвечает.`,
      "Запустите его там снова. Если этого хоста больше нет, выполните на другом команду выше.",
    ],
    json: { kind: "bot-away", host: last?.host ?? null, since },
  };
}

function backAgain({ host, since }: LastBot): SecondPathMessage {
  return {
    reason: `the bot is back, on ${host}`,
    lines: [
      `The bot is back, on ${host}, since ${new Date(since).toISOString()}.`,
      `Бот снова работает, на ${host}.`,
    ],
    json: { kind: "bot-back", host, since: new Date(since).toISOString() },
  };
}
