import type { Clock, HostId } from "@flotilla/kernel";
import type { StandbyBot } from "@flotilla/queue";
import type { Bot } from "grammy";
import type { AdminStore } from "../admins/admin-store.ts";
import type { BotsTold, SettingStore } from "../admins/setting-store.ts";
import { alertBody } from "../alerts/alert-body.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { Duty } from "./duty.ts";

/** Parts of {@link StandbyNews}. */
export interface StandbyNewsDeps {
  readonly duty: Pick<Duty, "board" | "keepThere">;
  readonly settings: Pick<SettingStore, "botsTold" | "keepBotsTold">;
  readonly alerts: Pick<AlertStore, "raise">;
  readonly host: HostId;
  readonly clock: Pick<Clock, "now">;
}

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 3000;

/** Tells the chat of other bots of the fleet: once when one waits, and once when it is gone. */
export class StandbyNews {
  readonly #deps: StandbyNewsDeps;
  readonly #since: number;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: StandbyNewsDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
    this.#hostChange();
  }

  /** `now` in milliseconds. Throws AppError `redis-away`. */
  async look(now: number): Promise<void> {
    if (Math.abs(now - this.#lookedAt) < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    await this.#deps.duty.keepThere();
    const there = await this.#deps.duty.board.standbys();
    const told = this.#told();
    const here = Object.fromEntries(there.map(({ id, host }) => [id, host]));
    const come = there.filter(({ id }) => !(id in told.standbys));
    const gone = Object.entries(told.standbys).filter(([id]) => !(id in here));
    if (come.length === 0 && gone.length === 0) return;
    for (const each of come) this.#tellOf(each, now);
    for (const [id, standby] of gone) this.#tellGone(id, standby, now);
    this.#deps.settings.keepBotsTold({ ...told, standbys: here });
  }

  #told(): BotsTold {
    return this.#deps.settings.botsTold() ?? { host: this.#deps.host, standbys: {} };
  }

  /** The same `control.db`, on another host. */
  #hostChange(): void {
    const { host, settings, clock } = this.#deps;
    const told = settings.botsTold();
    if (told?.host === host) return;
    const now = clock.now();
    if (told)
      this.#raise(`bot-host:${now}`, say("notice-bot-here", { host, before: told.host }), now);
    settings.keepBotsTold({ standbys: told?.standbys ?? {}, host });
  }

  #tellOf({ id, host: standby, takesOver }: StandbyBot, now: number): void {
    const title = say("notice-standby", { standby, host: this.#deps.host, since: this.#since });
    const then = say(takesOver ? "notice-standby-takes-over" : "notice-standby-stays");
    this.#raise(`standby:${id}`, title, now, [then]);
  }

  #tellGone(id: string, standby: string, now: number): void {
    const title = say("notice-standby-gone", { standby, host: this.#deps.host });
    this.#raise(`standby-gone:${id}`, title, now);
  }

  #raise(subject: string, title: Said, now: number, details: readonly Said[] = []): void {
    const { alerts, host } = this.#deps;
    alerts.raise(subject, alertBody({ kind: "notice", host, title, details: [...details] }), now);
  }
}

interface Who {
  readonly admins: Pick<AdminStore, "all">;
  readonly wordsOf: (chat: string) => Words;
  readonly host: HostId;
}

/** Last words of a bot that stops before its lease ends; `bot` is a client whose calls never wait. */
export function tellSuspended({ api }: Bot, { admins, wordsOf, host }: Who): void {
  for (const { id } of admins.all())
    void api.sendMessage(id, wordsOf(id).text("bot-suspended", { host })).catch(() => {});
}
