import { isServiceChat } from "@flotilla/contracts";
import { AppError, bareChannel, sleep, withoutNullish } from "@flotilla/kernel";
import type { InboxEvent, LinkedChannel, SessionStore } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import type { FloodGate } from "../link/flood-gate.ts";
import type { Link } from "../link/link.ts";
import { messageEvent } from "../wire/content.ts";
import { markedId } from "../wire/marked.ts";
import { inputChannel, inputPeer } from "../wire/peers.ts";
import {
  FIRST_PAGE,
  type ListedChat,
  type ListedTopic,
  linkedChannelOf,
  listedChats,
  listedTopics,
} from "./chat-list.ts";
import { CopyCalls } from "./copies.ts";
import { toApiEntities } from "./entities.ts";
import type { FileCentres } from "./file-centres.ts";
import { FileCalls } from "./files.ts";
import { learnChats } from "./learn-chats.ts";
import { sentIds } from "./sent-ids.ts";
import { type FormattedText, replyIn, type Target, threadOf } from "./target.ts";

/** Milliseconds between two requests for old messages (docs/safety.md). */
const PACE_MS = 1000;

/** Link, stores and rights that {@link AccountCalls} uses. */
export interface AccountCallsDeps {
  readonly store: SessionStore;
  readonly gate: FloodGate;
  /** The open link. Throws AppError `not-connected`. */
  readonly link: () => Link;
  readonly files: FileCentres;
  /**
   * Whether this process may still act for the account; checked right before each call that writes.
   */
  readonly mayAct: () => boolean;
  readonly signal: () => AbortSignal;
}

/**
 * Calls that write. Each waits for its turn. A call is refused during a flood wait, while sending
 * is stopped, and when another process owns the account. It never retries (promise S2-26): the
 * caller does, with the same `randomId`, and treats RANDOM_ID_DUPLICATE as delivered. Errors:
 * AppError `not-connected`, `lease-lost`, `flood-wait`, `sending-stopped`, `unknown-peer`,
 * `service-chat`, `link-lost`, `call-timeout`, or the server's answer (see `classify`).
 */
export class AccountCalls {
  readonly #deps: AccountCallsDeps;
  /** Files of messages, in parts. */
  readonly files: FileCalls;
  /** Copies by reference that a forward cannot make. */
  readonly copies: CopyCalls;

  constructor(deps: AccountCallsDeps) {
    this.#deps = deps;
    this.files = new FileCalls({
      store: deps.store,
      ask: (request) => deps.link().invoke(request),
      askIn: (dc, request) => deps.files.invoke(dc, request),
      act: (request, chat) => this.#act(request, chat),
      peer: (chat) => this.#peer(chat),
      known: (chat) => this.#known(chat),
    });
    this.copies = new CopyCalls({
      store: deps.store,
      ask: (request) => deps.link().invoke(request),
      act: (request, chat) => this.#act(request, chat),
      peer: (chat) => this.#peer(chat),
      source: async (chat, username) => {
        await this.#source(chat, username);
        return await this.#known(chat);
      },
    });
  }

  /** Sends a text. Returns its id in the target, or null when Telegram does not return it. */
  async send(
    to: Target,
    message: FormattedText & { readonly replyTo: number | null; readonly randomId: string },
  ): Promise<number | null> {
    const peer = await this.#peer(to.chat);
    const request = new Api.messages.SendMessage({
      peer,
      message: message.text,
      randomId: bigInt(message.randomId),
      entities: toApiEntities(message.entities, this.#deps.store),
      ...replyIn(to, message.replyTo),
    });
    const answer = await this.#act(request, to.chat);
    return sentIds(answer, [message.randomId])[0] ?? null;
  }

  /**
   * Forwards messages of one chat. Returns their ids in the target, in the order of `ids`; null
   * where Telegram does not return it.
   */
  async forward(
    to: Target,
    what: {
      readonly fromChat: string;
      readonly fromUsername: string | null;
      readonly ids: readonly number[];
      readonly randomIds: readonly string[];
      readonly dropAuthor: boolean;
    },
  ): Promise<readonly (number | null)[]> {
    const topMsgId = threadOf(to);
    const fromPeer = await this.#source(what.fromChat, what.fromUsername);
    const request = new Api.messages.ForwardMessages({
      fromPeer,
      toPeer: await this.#peer(to.chat),
      id: [...what.ids],
      randomId: what.randomIds.map((id) => bigInt(id)),
      dropAuthor: what.dropAuthor,
      ...withoutNullish({ topMsgId }),
    });
    return sentIds(await this.#act(request, to.chat), what.randomIds);
  }

  /** Replaces the text of a message of this account. */
  async edit(to: Target, id: number, { text, entities }: FormattedText): Promise<void> {
    const peer = await this.#peer(to.chat);
    const formatting = toApiEntities(entities, this.#deps.store);
    await this.#act(
      new Api.messages.EditMessage({ peer, id, message: text, entities: formatting }),
      to.chat,
    );
  }

  /** Deletes messages for all members. */
  async delete(to: Target, ids: readonly number[]): Promise<void> {
    const chat = await this.#known(to.chat);
    const channel = bareChannel(chat);
    const request = channel
      ? new Api.channels.DeleteMessages({
          channel: inputChannel(this.#deps.store, channel),
          id: [...ids],
        })
      : new Api.messages.DeleteMessages({ revoke: true, id: [...ids] });
    await this.#act(request, to.chat);
  }

  /** Marked id of a chat; null when no chat has that name. */
  async resolve(ref: string): Promise<string | null> {
    const { store } = this.#deps;
    if (ref === "me") return store.self()?.id ?? null;
    if (!ref.startsWith("@")) return ref;
    const known = store.entities.byUsername(ref.slice(1));
    if (known) return known.id;
    try {
      const request = new Api.contacts.ResolveUsername({ username: ref.slice(1) });
      return markedId((await this.#deps.link().invoke(request)).peer);
    } catch (error) {
      if (error instanceof Error && /USERNAME_(?:NOT_OCCUPIED|INVALID)/.test(error.message))
        return null;
      throw error;
    }
  }

  /** The chats with the newest messages, at most 100. */
  async chats(): Promise<readonly ListedChat[]> {
    const answer = await this.#deps.link().invoke(new Api.messages.GetDialogs(FIRST_PAGE));
    if (answer instanceof Api.messages.DialogsNotModified) return [];
    return listedChats(answer);
  }

  /** Learns the numbers of the account's chats. False: it has more than can be asked for. */
  async learnChats(): Promise<boolean> {
    return await learnChats(this.#deps);
  }

  /** The topics of a forum, at most 100; empty for a chat without topics. */
  async topics(ref: string): Promise<readonly ListedTopic[]> {
    const found = bareChannel(await this.#known(ref));
    if (!found) return [];
    const first = { offsetDate: 0, offsetId: 0, offsetTopic: 0, limit: 100 };
    const channel = inputChannel(this.#deps.store, found);
    try {
      return listedTopics(
        await this.#deps.link().invoke(new Api.channels.GetForumTopics({ channel, ...first })),
      );
    } catch (error) {
      if (error instanceof Error && error.message.includes("CHANNEL_FORUM_MISSING")) return [];
      throw error;
    }
  }

  /**
   * Messages of a chat or of one topic, newest first, older than `before` (0 = the newest), at most
   * 100. Empty only at the end of the chat: pages without a readable message are skipped (field
   * fault F16).
   */
  async history(from: Target, before: number, limit: number): Promise<readonly InboxEvent[]> {
    const topic = threadOf(from);
    const page = {
      offsetId: before,
      offsetDate: 0,
      limit: Math.min(100, limit),
      maxId: 0,
      minId: 0,
      hash: bigInt.zero,
    };
    const peer = await this.#peer(from.chat);
    for (let addOffset = 0; ; ) {
      const where = { peer, ...page, addOffset };
      const answer = await this.#deps
        .link()
        .invoke(
          topic === null
            ? new Api.messages.GetHistory(where)
            : new Api.messages.GetReplies({ ...where, msgId: topic }),
        );
      if (answer instanceof Api.messages.MessagesNotModified) return [];
      const { messages, chats } = answer;
      const events = messages
        .map((message) => messageEvent(message, "new", { chats }))
        .filter((event) => event !== null);
      if (events.length > 0 || messages.length === 0) return events;
      addOffset += messages.length;
      await sleep(PACE_MS, this.#deps.signal());
    }
  }

  /**
   * The channel whose posts Telegram copies into this group; null for any other chat
   * (https://core.telegram.org/api/discussion).
   */
  async linkedChannel(ref: string): Promise<LinkedChannel | null> {
    const { store, link } = this.#deps;
    const group = bareChannel(await this.#known(ref));
    if (group === null) return null;
    const request = new Api.channels.GetFullChannel({ channel: inputChannel(store, group) });
    return linkedChannelOf(await link().invoke(request));
  }

  /** The only path of calls that write. */
  async #act<R extends Api.AnyRequest>(request: R, chat: string): Promise<R["__response"]> {
    const { gate, link, mayAct, signal } = this.#deps;
    gate.checkSending();
    if (PACED.some((kind) => request instanceof kind)) await gate.turn(chat, signal());
    // Nothing asynchronous between these checks and the socket: a process that has lost the account
    // does not act.
    gate.checkSending();
    if (!mayAct())
      throw new AppError("lease-lost", "This process may no longer act for the account.");
    return await link().invoke(request);
  }

  async #source(chat: string, username: string | null): Promise<Api.TypeInputPeer> {
    try {
      return await this.#peer(chat);
    } catch (error) {
      if (username === null || !(error instanceof AppError) || error.code !== "unknown-peer")
        throw error;
      return await this.#peer(`@${username}`);
    }
  }

  async #peer(ref: string): Promise<Api.TypeInputPeer> {
    return inputPeer(this.#deps.store, await this.#known(ref));
  }

  async #known(ref: string): Promise<string> {
    const chat = await this.resolve(ref);
    if (chat === null)
      throw new AppError("unknown-peer", `No chat has the name ${ref}.`, {
        details: { chat: ref },
      });
    refuseServiceChat(chat);
    return chat;
  }
}

/** Every call with a chat passes here (docs/safety.md). Throws AppError `service-chat`. */
function refuseServiceChat(chat: string): void {
  if (!isServiceChat(chat)) return;
  const why = "login codes come from there, and Telegram cancels a code that is passed on";
  throw new AppError("service-chat", `${chat} is a service chat of Telegram: ${why}.`, {
    details: { chat },
  });
}

/** Calls that send or change a message: these wait for their turn. */
const PACED = [
  Api.messages.SendMessage,
  Api.messages.ForwardMessages,
  Api.messages.SendMedia,
  Api.messages.SendMultiMedia,
  Api.messages.EditMessage,
] as const;
