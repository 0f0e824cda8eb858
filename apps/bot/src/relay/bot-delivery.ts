import {
  type Confirmation,
  type Delivery,
  type DeliveryResult,
  type DeliveryStep,
  type FollowingText,
  GENERAL_TOPIC,
  type RouteTarget,
} from "@flotilla/contracts";
import type { FileReader, FileSource } from "@flotilla/files";
import { SingleFlight } from "@flotilla/kernel";
import { isAboutPart, unanswered } from "@flotilla/relay";
import type { Database } from "@flotilla/sqlite";
import type { Api } from "grammy";
import type { AdminStore } from "../admins/admin-store.ts";
import { sendProblem } from "../kit/chat/bot-errors.ts";
import { html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { becameOf, resultOf } from "./bot-answers.ts";
import { toBotEntity } from "./bot-entities.ts";
import { type Around, BotFiles } from "./bot-files.ts";

/** Parts of the bot's deliveries. */
export interface BotDeliveryDeps {
  readonly db: Database;
  readonly api: Api;
  readonly admins: Pick<AdminStore, "reachable">;
  readonly wordsOf: (chat: string) => Words;
  readonly fileReader: FileReader;
  readonly now: () => number;
}

type Said = Pick<FollowingText, "text" | "entities">;

const KEEP_MS = 30 * 24 * 60 * 60_000;

/**
 * Deliveries by the bot: to a chat it is in, and alerts of routes to the admins. The Bot API has no
 * random ids: a bot that is killed between a send and its note of it sends that one message again
 * (docs/relays.md says so).
 */
export class BotDelivery {
  readonly #deps: BotDeliveryDeps;
  readonly #files: BotFiles;
  readonly #tries = new SingleFlight<DeliveryResult>();

  constructor(deps: BotDeliveryDeps) {
    this.#deps = deps;
    this.#files = new BotFiles(deps.api, deps.fileReader);
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
      if (to.kind !== "bot")
        return { kind: "refused", code: "no-bot", reason: "This is not for the bot." };
      return await this.#there(delivery, to);
    } catch (error) {
      const became = to.kind === "bot" ? becameOf(error) : null;
      if (to.kind !== "bot" || became === null || became === this.#now(to.chat))
        return resultOf(error, now);
      this.#deps.db.write("INSERT OR REPLACE INTO chat_move VALUES (?, ?)", [to.chat, became]);
      return await this.#once(delivery);
    }
  }

  /** Where the chat of a target is now: a group that became a supergroup has another number. */
  #now(chat: string): string {
    return (
      this.#deps.db.readOne<{ target: string }>("SELECT target FROM chat_move WHERE chat = ?", [
        chat,
      ])?.target ?? chat
    );
  }

  async #there(
    { key, step, landed, reader, filesAt }: Delivery,
    { chat: named, topic }: Extract<RouteTarget, { kind: "bot" }>,
  ): Promise<DeliveryResult> {
    const chat = this.#now(named);
    const at = this.#deps.now();
    const moved = chat === named ? {} : { landed: chat };
    const wanted = moved.landed === landed ? step : unanswered(step);
    if (!wanted) return { kind: "done", ids: [], ...moved, at };
    const ids = await this.#remembered(key, () =>
      this.#deliver({ chat, topic, from: { reader, at: filesAt } }, wanted),
    );
    const lost = "lost" in wanted && wanted.lost ? { lost: wanted.lost } : {};
    return {
      kind: "done",
      ids,
      ...(await this.#follow(key, { chat, topic }, ids[0] ?? null, wanted)),
      ...lost,
      ...moved,
      at,
    };
  }

  async #deliver(
    { from, ...to }: BotChat & { readonly from: FileSource },
    step: DeliveryStep,
  ): Promise<number[]> {
    const { api } = this.#deps;
    switch (step.kind) {
      case "send":
        return await this.#send(to, step, step.replyTo);
      case "upload":
        return await this.#files.send(to.chat, around(to, step.replyTo), from, step);
      case "edit":
        await unlessNotModified(() => this.#edit(to.chat, step, from));
        return [];
      case "delete":
        await api.deleteMessages(to.chat, [...step.messages]);
        return [];
      case "forward":
      case "alert":
        throw new TypeError(`the bot does not ${step.kind}`);
      default:
        return step satisfies never;
    }
  }

  async #send(to: BotChat, { text, entities }: Said, replyTo: number | null): Promise<number[]> {
    const sent = await this.#deps.api.sendMessage(to.chat, text, {
      entities: entities.flatMap(toBotEntity),
      ...around(to, replyTo),
    });
    return [sent.message_id];
  }

  async #edit(
    chat: string,
    step: Extract<DeliveryStep, { kind: "edit" }>,
    from: FileSource,
  ): Promise<void> {
    const { message, text, entities, file } = step;
    if (file) await this.#files.replace(chat, from, { ...step, file });
    else if (step.caption)
      await this.#deps.api.editMessageCaption(chat, message, {
        caption: text,
        caption_entities: entities.flatMap(toBotEntity),
      });
    else await this.#change(chat, message, step);
  }

  async #change(chat: string, message: number, { text, entities }: Said): Promise<void> {
    await this.#deps.api.editMessageText(chat, message, text, {
      entities: entities.flatMap(toBotEntity),
    });
  }

  /**
   * Text that is too long for one message continues in replies to it; an edit changes, adds or
   * removes them.
   */
  async #follow(
    key: string,
    to: BotChat,
    sent: number | null,
    step: DeliveryStep,
  ): Promise<{ rest?: (number | null)[]; refused?: number[] }> {
    if (step.kind === "delete" || step.kind === "alert" || step.rest === undefined) return {};
    const replyTo = step.kind === "edit" ? step.message : sent;
    if (step.kind === "edit" && step.surplus?.length)
      await this.#deps.api.deleteMessages(to.chat, step.surplus);
    const [rest, refused]: [(number | null)[], number[]] = [[], []];
    const texts: readonly (FollowingText & { readonly message?: number | null })[] = step.rest;
    for (const [part, text] of texts.entries()) {
      const { message: known = null } = text;
      const send = async (): Promise<number[]> => await this.#send(to, text, replyTo);
      const change = async (id: number): Promise<number[]> => {
        await unlessNotModified(() => this.#change(to.chat, id, text));
        return [id];
      };
      const carried = known === null ? this.#remembered(`${key} ${part}`, send) : change(known);
      const [id = null] = await carried.catch((error: unknown) => {
        if (!isAboutPart(resultOf(error, this.#deps.now()))) throw error;
        refused.push(part);
        return [];
      });
      rest.push(id);
    }
    return { rest, ...(refused.length > 0 ? { refused } : {}) };
  }

  async #alert(
    key: string,
    route: string,
    step: Extract<DeliveryStep, { kind: "alert" }>,
  ): Promise<(number | null)[]> {
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
      // Not by a clock that is ahead for a moment: the newest delivery before this one is as old as
      // it says at least.
      db.write("DELETE FROM relayed WHERE at < (SELECT min(max(at), ?) FROM relayed) - ?", [
        now(),
        KEEP_MS,
      ]);
      db.write("INSERT OR REPLACE INTO relayed (key, ids, at) VALUES (?, ?, ?)", [
        key,
        JSON.stringify(ids),
        now(),
      ]);
    });
    return ids;
  }
}

/** A chat that the bot delivers to, and its topic. */
interface BotChat {
  readonly chat: string;
  readonly topic: number | undefined;
}

/** In which topic a message is, and what it answers. */
function around({ topic }: BotChat, replyTo: number | null): Around {
  return {
    ...(topic === undefined || topic === GENERAL_TOPIC ? {} : { message_thread_id: topic }),
    ...(replyTo === null
      ? {}
      : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
  };
}

async function unlessNotModified(edit: () => Promise<void>): Promise<void> {
  try {
    await edit();
  } catch (error) {
    if (sendProblem(error) !== "not-modified") throw error;
  }
}

function unlessUnreachable(error: unknown): null[] {
  if (sendProblem(error) === "unreachable") return [];
  throw error;
}

function alertText(
  words: Words,
  route: string,
  step: Extract<DeliveryStep, { kind: "alert" }>,
): string {
  const because = step.because.join(", ");
  const head = words.html(because === "" ? "relay-matched-any" : "relay-matched", {
    route,
    because,
  });
  const source =
    step.link === null
      ? html`<b>${step.source}</b>`
      : html`<a href="${step.link}">${step.source}</a>`;
  return lines(head, source, step.excerpt !== "" && step.excerpt).text;
}
