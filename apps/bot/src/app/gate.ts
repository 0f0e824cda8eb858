import type { Clock, HostId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { Context } from "grammy";
import type { AdminStore } from "../admins/admin-store.ts";
import type { AuditStore } from "../admins/audit-store.ts";
import type { PlaceStore } from "../admins/place-store.ts";
import { alertBody } from "../alerts/alert-body.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import { messageOf, nameOf, placeOf } from "../kit/chat/target.ts";
import { say } from "../kit/words/said.ts";
import { isCommand } from "./text-commands.ts";

/** Parts of {@link Gate}. */
export interface GateDeps {
  readonly admins: AdminStore;
  readonly audit: AuditStore;
  readonly places: PlaceStore;
  readonly alerts: AlertStore;
  readonly clock: Clock;
  readonly host: HostId;
  readonly log: Logger;
}

const HOUR_MS = 3_600_000;
/**
 * Telegram's own account that stands for every anonymous admin (@GroupAnonymousBot;
 * https://core.telegram.org/bots/api#message, `from`).
 */
const ANONYMOUS = 1_087_968_824;

/**
 * Who gets in (invariant 9): admins, in their private chat or in a group that an owner opened.
 * Silence for all others.
 */
export class Gate {
  readonly #deps: GateDeps;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /**
   * An anonymous admin of a group that an owner opened, who presses or gives a command: who it is
   * cannot be known, which may be said there.
   */
  isAnonymous(context: Context): boolean {
    const message = messageOf(context.update);
    if (message === undefined || !this.#deps.places.has(placeOf(message))) return false;
    if (context.callbackQuery) return context.from?.id === ANONYMOUS;
    const asGroup =
      context.message?.sender_chat?.id === context.chat?.id && context.chat?.type !== "private";
    return asGroup && isCommand(context.message?.text ?? "");
  }

  admits(context: Context): boolean {
    const { admins, places, log } = this.#deps;
    if (context.from?.id === ANONYMOUS) {
      if (!this.isAnonymous(context)) this.#tell(context);
      return false;
    }
    const id = String(context.from?.id ?? "");
    if (admins.role(id) === null && !this.#invited(context, id)) {
      log.warn(
        { from: context.from?.id, chat: context.chat?.type },
        "refused: not an admin in a private chat",
      );
      this.#tell(context);
      return false;
    }
    if (context.chat?.type === "private") return true;
    const message = messageOf(context.update);
    const opening = /^\/here\b/.test(context.message?.text ?? "");
    return opening || (message !== undefined && places.has(placeOf(message)));
  }

  /** Makes the user of an invitation an admin. */
  #invited(context: Context, id: string): boolean {
    const token = /^\/start join_([\w-]{8,40})$/.exec(context.message?.text ?? "")?.[1];
    if (token === undefined || context.chat?.type !== "private" || !/^\d+$/.test(id)) return false;
    const { admins, audit, clock } = this.#deps;
    const user = { id, name: nameOf(context.from) };
    const now = clock.now();
    const joined = admins.accept(token, user, now, ({ role, by }) => {
      audit.write(user, say("audit-joined", { role, by }), null, now);
      this.#notice("notice-joined", { name: user.name, role }, `${id}:${now}`);
    });
    return joined !== null;
  }

  /** The owners learn of strangers, once an hour at most. */
  #tell(context: Context): void {
    const hour = Math.floor(this.#deps.clock.now() / HOUR_MS);
    this.#notice(
      "notice-stranger",
      { name: nameOf(context.from), id: String(context.from?.id ?? "?") },
      String(hour),
    );
  }

  #notice(key: string, args: Record<string, string>, once: string): void {
    const { alerts, clock, host } = this.#deps;
    const subject = `${key}:${once}`;
    if (alerts.known(subject)) return;
    const title = say(key, args);
    const body = alertBody({
      kind: "notice",
      host,
      title,
    });
    alerts.raise(subject, body, clock.now());
  }
}
