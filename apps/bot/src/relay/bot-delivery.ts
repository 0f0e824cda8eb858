import {
  type Confirmation,
  type Delivery,
  type DeliveryResult,
  type DeliveryStep,
  type FollowingText,
  GENERAL_TOPIC,
  type RouteTarget,
  type TextEntity,
} from "@flotilla/contracts";
import { isAboutPart, parked, unanswered } from "@flotilla/domain";
import { SingleFlight } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { type Api, GrammyError, HttpError } from "grammy";
import type { MessageEntity } from "grammy/types";
import { sendProblem } from "../chat/bot-errors.ts";
import { html, lines } from "../screens/html.ts";
import type { AdminStore } from "../store/admins.ts";
import type { Words } from "../words/words.ts";

/** Parts of the bot's deliveries. */
export interface BotDeliveryDeps {
  readonly db: Database;
  readonly api: Api;
  readonly admins: Pick<AdminStore, "reachable">;
  readonly wordsOf: (chat: string) => Words;
  readonly now: () => number;
}

type Said = Pick<FollowingText, "text" | "entities">;

const RETRY_MS = 5000;
const KEEP_MS = 30 * 24 * 60 * 60_000;

/**
 * Deliveries by the bot: to a chat it is in, and alerts of routes to the admins. The Bot API has no random ids: a bot that is
 * killed between a send and its note of it sends that one message again (docs/relays.md says so).
 */
export class BotDelivery {
  readonly #deps: BotDeliveryDeps;
  readonly #tries = new SingleFlight<DeliveryResult>();

  constructor(deps: BotDeliveryDeps) {
    this.#deps = deps;
  }

  /** Carries out one try; never throws. */
  async perform(delivery: Delivery): Promise<Confirmation> {
    const { id, key, route } = delivery;
    const result = await this.#tries.run(key, () => this.#once(delivery));
    return { v: 1, kind: "confirmation", id, key, route, result };
  }

  async #once(delivery: Delivery): Promise<DeliveryResult> {
    const { key, to, step, route } = delivery;
    const now = this.#deps.now();
    try {
      if (to.kind === "admins" && step.kind === "alert")
        return { kind: "done", ids: await this.#alert(key, route, step), at: now };
      if (to.kind !== "bot") return { kind: "refused", code: "no-bot", reason: "This is not for the bot." };
      return await this.#there(delivery, to);
    } catch (error) {
      const became = to.kind === "bot" ? becameOf(error) : null;
      if (to.kind !== "bot" || became === null || became === this.#now(to.chat)) return resultOf(error, now);
      this.#deps.db.write("INSERT OR REPLACE INTO chat_move VALUES (?, ?)", [to.chat, became]);
      return await this.#once(delivery);
    }
  }

  /** Where the chat of a target is now: a group that became a supergroup has another number. */
  #now(chat: string): string {
    return this.#deps.db.readOne<{ target: string }>("SELECT target FROM chat_move WHERE chat = ?", [chat])?.target ?? chat;
  }

  async #there(
    { key, step, landed }: Delivery,
    { chat: named, topic }: Extract<RouteTarget, { kind: "bot" }>,
  ): Promise<DeliveryResult> {
    const chat = this.#now(named);
    const at = this.#deps.now();
    const moved = chat === named ? {} : { landed: chat };
    const wanted = moved.landed === landed ? step : unanswered(step);
    if (!wanted) return { kind: "done", ids: [], ...moved, at };
    const ids = await this.#remembered(key, () => this.#deliver(chat, topic, wanted));
    return { kind: "done", ids, ...(await this.#follow(key, chat, topic, ids[0] ?? null, wanted)), ...moved, at };
  }

  async #deliver(chat: string, topic: number | undefined, step: DeliveryStep): Promise<number[]> {
    const { api } = this.#deps;
    switch (step.kind) {
      case "send":
        return await this.#send(chat, topic, step, step.replyTo);
      case "edit":
        await this.#edit(chat, step.message, step);
        return [];
      case "delete":
        await api.deleteMessages(chat, [...step.messages]);
        return [];
      case "forward":
      case "upload":
      case "alert":
        throw new TypeError(`the bot does not ${step.kind}`);
      default:
        return step satisfies never;
    }
  }

  async #send(chat: string, topic: number | undefined, { text, entities }: Said, replyTo: number | null): Promise<number[]> {
    const sent = await this.#deps.api.sendMessage(chat, text, {
      entities: entities.flatMap(toBotEntity),
      ...(topic === undefined || topic === GENERAL_TOPIC ? {} : { message_thread_id: topic }),
      ...(replyTo === null ? {} : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    });
    return [sent.message_id];
  }

  async #edit(chat: string, message: number, { text, entities }: Said): Promise<void> {
    try {
      await this.#deps.api.editMessageText(chat, message, text, { entities: entities.flatMap(toBotEntity) });
    } catch (error) {
      if (sendProblem(error) !== "not-modified") throw error;
    }
  }

  /** What was too long for one message goes on in answers to it; after an edit it is changed, made longer or shorter. */
  async #follow(
    key: string,
    chat: string,
    topic: number | undefined,
    sent: number | null,
    step: DeliveryStep,
  ): Promise<{ rest?: (number | null)[]; refused?: number[] }> {
    if ((step.kind !== "send" && step.kind !== "edit") || step.rest === undefined) return {};
    const replyTo = step.kind === "edit" ? step.message : sent;
    if (step.kind === "edit" && step.surplus?.length) await this.#deps.api.deleteMessages(chat, step.surplus);
    const [rest, refused]: [(number | null)[], number[]] = [[], []];
    const texts: readonly (FollowingText & { readonly message?: number | null })[] = step.rest;
    for (const [part, text] of texts.entries()) {
      const { message: known = null } = text;
      const send = async (): Promise<number[]> => await this.#send(chat, topic, text, replyTo);
      const carried =
        known === null ? this.#remembered(`${key} ${part}`, send) : this.#edit(chat, known, text).then(() => [known]);
      const [id = null] = await carried.catch((error: unknown) => {
        if (!isAboutPart(resultOf(error, this.#deps.now()))) throw error;
        refused.push(part);
        return [];
      });
      rest.push(id);
    }
    return { rest, ...(refused.length > 0 ? { refused } : {}) };
  }

  async #alert(key: string, route: string, step: Extract<DeliveryStep, { kind: "alert" }>): Promise<(number | null)[]> {
    const ids: (number | null)[] = [];
    for (const admin of this.#deps.admins.reachable()) {
      const send = async (): Promise<number[]> => {
        const text = alertText(this.#deps.wordsOf(admin), route, step);
        const options = {
          parse_mode: "HTML" as const,
          disable_notification: step.silent,
          link_preview_options: { is_disabled: true },
        };
        return [(await this.#deps.api.sendMessage(admin, text, options)).message_id];
      };
      // One admin who blocked the bot must not keep the others from hearing of it.
      ids.push(...(await this.#remembered(`${key} ${admin}`, send).catch(unlessUnreachable)));
    }
    return ids;
  }

  async #remembered(key: string, work: () => Promise<number[]>): Promise<(number | null)[]> {
    const { db, now } = this.#deps;
    const known = db.readOne<{ ids: string }>("SELECT ids FROM relayed WHERE key = ?", [key]);
    if (known) return JSON.parse(known.ids) as number[];
    const ids = await work();
    db.transaction(() => {
      // Not by a clock that is ahead for a moment: the newest delivery before this one is as old as it says at least.
      db.write("DELETE FROM relayed WHERE at < (SELECT min(max(at), ?) FROM relayed) - ?", [now(), KEEP_MS]);
      db.write("INSERT OR REPLACE INTO relayed (key, ids, at) VALUES (?, ?, ?)", [key, JSON.stringify(ids), now()]);
    });
    return ids;
  }
}

function unlessUnreachable(error: unknown): null[] {
  if (sendProblem(error) === "unreachable") return [];
  throw error;
}

function alertText(words: Words, route: string, step: Extract<DeliveryStep, { kind: "alert" }>): string {
  const because = step.because.join(", ");
  const head = because === "" ? words.html("relay-matched-any", { route }) : words.html("relay-matched", { route, because });
  const source = step.link === null ? html`<b>${step.source}</b>` : html`<a href="${step.link}">${step.source}</a>`;
  return lines(head, source, step.excerpt === "" ? null : html`${step.excerpt}`).text;
}

/** The number that the target has now, when it became a supergroup (https://core.telegram.org/bots/api#responseparameters). */
function becameOf(error: unknown): string | null {
  return error instanceof GrammyError ? (error.parameters.migrate_to_chat_id?.toString() ?? null) : null;
}

function resultOf(error: unknown, now: number): DeliveryResult {
  if (error instanceof HttpError) return { ...parked(RETRY_MS, now), reason: "The Bot API cannot be reached." };
  if (!(error instanceof GrammyError)) return { kind: "failed", code: "unexpected", reason: String(error).slice(0, 300) };
  const reason = error.description.slice(0, 300);
  const code = String(error.error_code);
  const waitS = error.parameters.retry_after;
  if (waitS !== undefined) return { ...parked((waitS + 1) * 1000, now), reason };
  const problem = sendProblem(error);
  if (problem === "not-modified") return { kind: "done", ids: [], at: now };
  if (problem === "message-gone") return { kind: "refused", code, reason };
  if (problem === "unreachable" || error.error_code === 401) return { kind: "blocked", code, reason };
  const topic = topicCode(reason);
  if (topic !== null) return { kind: "blocked", code: topic, reason };
  if (error.error_code === 400) return { kind: /not enough rights/.test(reason) ? "blocked" : "refused", code, reason };
  return { ...parked(RETRY_MS, now), reason };
}

/** What is wrong with the topic, in the words that a worker gets. A topic that was deleted, or never was, is not found. */
function topicCode(reason: string): string | null {
  if (/message thread not found/i.test(reason)) return "TOPIC_DELETED";
  return /\b(TOPIC_[A-Z_]+)/.exec(reason)?.[1] ?? null;
}

/** Telegram finds mentions, links and the like by itself; a mention by id needs a user object, which nobody has here. */
function toBotEntity({ kind, offset, length, url, language, emojiId }: TextEntity): MessageEntity[] {
  switch (kind) {
    case "bold":
    case "italic":
    case "underline":
    case "strikethrough":
    case "spoiler":
    case "blockquote":
    case "expandable_blockquote":
    case "code":
      return [{ type: kind, offset, length }];
    case "pre":
      return [{ type: "pre", offset, length, ...(language === undefined ? {} : { language }) }];
    case "text_link":
      return url === undefined ? [] : [{ type: "text_link", offset, length, url }];
    case "custom_emoji":
      return emojiId === undefined ? [] : [{ type: "custom_emoji", offset, length, custom_emoji_id: emojiId }];
    default:
      return [];
  }
}
