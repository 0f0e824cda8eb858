import { withoutUndefined } from "@flotilla/kernel";
import type { InboxEvent, SessionStore, UpdateState } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import type { Link } from "../link/link.ts";
import { Unreadable } from "../wire/agree.ts";
import { ACCOUNT, boxOfPeer } from "../wire/box.ts";
import { messageEvent } from "../wire/content.ts";
import { markedId } from "../wire/marked.ts";
import { inputChannel, inputPeer } from "../wire/peers.ts";
import { decodeUpdates } from "./decode.ts";
import type {
  Dialog,
  DialogPage,
  HistoryPage,
  HistoryRange,
  HistoryStart,
  UpdateServer,
} from "./model.ts";

/** Most entries that the server returns at once. */
const PAGE = 100;
/** The main list and the archive. */
const FOLDERS = [0, 1] as const;

type Dialogs = Api.messages.Dialogs | Api.messages.DialogsSlice | Api.messages.PeerDialogs;

/** Start of the next page of chats. */
interface DialogOffset {
  readonly folder: number;
  readonly date: number;
  readonly id: number;
  readonly chat: string | null;
}

/**
 * The requests of the update engine over one link. Rejects as `Link.invoke`, and with AppError
 * `unknown-peer`.
 */
export class GramJsUpdateServer implements UpdateServer {
  readonly #link: Link;
  readonly #store: SessionStore;

  constructor(link: Link, store: SessionStore) {
    this.#link = link;
    this.#store = store;
  }

  async state(): Promise<UpdateState> {
    return toState(await this.#link.invoke(new Api.updates.GetState()));
  }

  async difference(
    { pts, date, qts }: UpdateState,
    limit?: number,
  ): ReturnType<UpdateServer["difference"]> {
    // Without a total limit, which would only make the server answer "too long" (docs/updates.md).
    const request = new Api.updates.GetDifference({
      pts,
      date,
      qts,
      ...withoutUndefined({ ptsLimit: limit }),
    });
    const answer = await this.#link.invoke(request);
    if (answer instanceof Api.updates.DifferenceEmpty)
      return { kind: "empty", date: answer.date, seq: answer.seq };
    if (answer instanceof Api.updates.DifferenceTooLong)
      return { kind: "too-long", pts: answer.pts };
    const final = answer instanceof Api.updates.Difference;
    const { chats } = answer;
    const state = toState(final ? answer.state : answer.intermediateState);
    return {
      kind: "part",
      final,
      state,
      events: toEvents(answer.newMessages, chats),
      updates: decodeUpdates(answer.otherUpdates, chats),
      unreadable: unreadableIn(answer.newMessages) + unreadableIn(answer.otherUpdates),
    };
  }

  async channelDifference(
    channel: string,
    pts: number,
    limit = PAGE,
  ): ReturnType<UpdateServer["channelDifference"]> {
    const filter = new Api.ChannelMessagesFilterEmpty();
    const request = {
      force: false,
      channel: inputChannel(this.#store, channel),
      filter,
      pts,
      limit,
    };
    const answer = await this.#link.invoke(new Api.updates.GetChannelDifference(request));
    if (answer instanceof Api.updates.ChannelDifferenceEmpty)
      return { kind: "empty", pts: answer.pts };
    if (answer instanceof Api.updates.ChannelDifferenceTooLong) {
      if (!(answer.dialog instanceof Api.Dialog)) return { kind: "too-long", pts, topId: null };
      return { kind: "too-long", pts: answer.dialog.pts ?? pts, topId: answer.dialog.topMessage };
    }
    const { newMessages, otherUpdates, chats } = answer;
    const [events, updates] = [toEvents(newMessages, chats), decodeUpdates(otherUpdates, chats)];
    const unreadable = unreadableIn(newMessages) + unreadableIn(otherUpdates);
    return {
      kind: "part",
      final: answer.final === true,
      pts: answer.pts,
      events,
      updates,
      unreadable,
    };
  }

  async dialogs(next: string | null): Promise<DialogPage> {
    const from: DialogOffset =
      next === null
        ? { folder: 0, date: 0, id: 0, chat: null }
        : (JSON.parse(next) as DialogOffset);
    const answer = await this.#link.invoke(
      new Api.messages.GetDialogs({
        folderId: from.folder,
        offsetDate: from.date,
        offsetId: from.id,
        offsetPeer:
          from.chat === null ? new Api.InputPeerEmpty() : inputPeer(this.#store, from.chat),
        limit: PAGE,
        hash: bigInt.zero,
      }),
    );
    if (answer instanceof Api.messages.DialogsNotModified) return { dialogs: [], next: null };
    const dialogs = toDialogs(answer);
    return { dialogs, next: nextOffset(answer, dialogs, from.folder) };
  }

  async dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]> {
    const peers = chats.map(
      (chat) => new Api.InputDialogPeer({ peer: inputPeer(this.#store, chat) }),
    );
    return toDialogs(await this.#link.invoke(new Api.messages.GetPeerDialogs({ peers })));
  }

  async history(
    chat: string,
    start: HistoryStart,
    { skip, upTo }: HistoryRange,
  ): Promise<HistoryPage> {
    const [offsetId, offsetDate] =
      "afterId" in start ? [start.afterId + 1, 0] : [0, Math.ceil(start.afterDate / 1000)];
    // A page that ends at the offset instead of starting there:
    // https://core.telegram.org/api/offsets
    const request = {
      peer: inputPeer(this.#store, chat),
      offsetId,
      offsetDate,
      addOffset: -PAGE - skip,
      limit: PAGE,
      hash: bigInt.zero,
    };
    const bounds = { maxId: upTo === null ? 0 : upTo + 1, minId: 0 };
    const answer = await this.#link.invoke(new Api.messages.GetHistory({ ...request, ...bounds }));
    if (answer instanceof Api.messages.MessagesNotModified)
      return { events: [], raw: 0, unreadable: 0, unreadableAfter: 0 };
    const isOlder = (message: Api.TypeMessage): boolean => {
      if (message instanceof Unreadable) return false;
      if ("afterId" in start) return message.id <= start.afterId;
      return !(message instanceof Api.MessageEmpty) && message.date * 1000 < start.afterDate;
    };
    // Newest first. Unreadable messages have no id: their neighbours show their place.
    const end = answer.messages.findIndex(isOlder);
    const messages = end === -1 ? answer.messages : answer.messages.slice(0, end);
    const events = toEvents(messages, answer.chats).filter(
      ({ messageId }) => upTo === null || messageId <= upTo,
    );
    const last = messages.findIndex((message) => !(message instanceof Unreadable));
    const unreadableAfter = last === -1 ? messages.length : last;
    const unreadable = unreadableIn(messages) - unreadableAfter;
    return {
      events: events.sort((a, b) => a.messageId - b.messageId),
      raw: messages.length,
      unreadable,
      unreadableAfter,
    };
  }
}

function toState({ pts, qts, date, seq }: Api.updates.State): UpdateState {
  return { pts, qts, date, seq };
}

function toEvents(messages: readonly Api.TypeMessage[], chats: readonly unknown[]): InboxEvent[] {
  return messages
    .map((message) => messageEvent(message, "new", { chats }))
    .filter((event) => event !== null);
}

function unreadableIn(list: readonly unknown[]): number {
  return list.filter((each) => each instanceof Unreadable).length;
}

function toDialogs(answer: Dialogs): Dialog[] {
  const dates = new Map(
    toEvents(answer.messages, []).map(({ chat, messageId, date }) => [
      `${chat}/${messageId}`,
      date,
    ]),
  );
  // For a channel that the account is in, the time at which it joined
  // (https://core.telegram.org/constructor/channel).
  const members = answer.chats.filter(
    (chat) => chat instanceof Api.Channel && !chat.left,
  ) as Api.Channel[];
  const joined = new Map(members.map(({ id, date }) => [id.toString(), date * 1000]));
  return answer.dialogs.flatMap((dialog) => {
    if (!(dialog instanceof Api.Dialog)) return [];
    const chat = markedId(dialog.peer);
    const topDate = dates.get(`${chat}/${dialog.topMessage}`) ?? 0;
    const box = boxOfPeer(dialog.peer);
    const pts = box === ACCOUNT ? null : (dialog.pts ?? null);
    return [{ chat, box, topId: dialog.topMessage, topDate, pts, joinedAt: joined.get(box) ?? 0 }];
  });
}

function nextOffset(answer: Dialogs, dialogs: readonly Dialog[], folder: number): string | null {
  const last = dialogs.findLast(({ topDate }) => topDate > 0);
  const isWhole =
    !(answer instanceof Api.messages.DialogsSlice) || answer.dialogs.length < PAGE || !last;
  if (!isWhole)
    return JSON.stringify({ folder, date: last.topDate / 1000, id: last.topId, chat: last.chat });
  const after = FOLDERS[FOLDERS.indexOf(folder as 0) + 1];
  if (after === undefined) return null;
  return JSON.stringify({ folder: after, date: 0, id: 0, chat: null });
}
