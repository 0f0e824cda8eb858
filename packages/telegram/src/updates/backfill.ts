import { bareChannel, markedChannel } from "@flotilla/kernel";
import type { UpdateState } from "@flotilla/session-store";
import { ACCOUNT } from "../wire/box.ts";
import type { EngineOptions, EngineParts, Meanwhile } from "./engine-types.ts";
import type { Ledger } from "./ledger.ts";
import type { Dialog, DialogPage, HistoryStart, UpdateServer } from "./model.ts";

/** Most pages of one chat fetched at once: 20,000 messages. The rest counts as lost. */
const MAX_PAGES = 200;
/** Most pages of the list of chats: 10,000 chats. */
const MAX_DIALOG_PAGES = 100;
/**
 * Tries to read an account's position together with its list of chats, when an update arrives in
 * between.
 */
const STAND_TRIES = 4;

/** Boxes to ask for, and channels whose position only the list of chats reveals. */
export interface Found {
  readonly want: Set<string>;
  readonly look: Set<string>;
}

/**
 * Fetches messages from the chats themselves, where the update stream cannot deliver them any more.
 */
export class Backfill {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #server: UpdateServer;
  readonly #meanwhile: Meanwhile;
  /** Unreadable messages after the last readable one, already counted, by chat. */
  readonly #counted = new Map<string, { readonly start: string; readonly count: number }>();

  constructor({ ledger, options, server, meanwhile }: EngineParts) {
    this.#ledger = ledger;
    this.#options = options;
    this.#server = server;
    this.#meanwhile = meanwhile;
  }

  /** Reads the position of a new account. Earlier messages are not fetched. */
  async begin(): Promise<void> {
    const account = await this.#server.state();
    const dialogs = await this.#allDialogs();
    const channels = new Map(
      dialogs.flatMap(({ box, pts }) => (pts === null ? [] : [[box, pts] as const])),
    );
    this.#ledger.commit({ account, channels, baselines: dialogs }, "asked");
  }

  /** Fetches everything in private chats and groups since their last known messages. */
  async account(dialogs: readonly Dialog[]): Promise<Found> {
    const found = { want: new Set<string>(), look: new Set<string>() };
    for (const dialog of dialogs) {
      if (dialog.pts !== null) {
        const pts = this.#ledger.channel(dialog.box);
        if (pts === undefined) found.look.add(dialog.box);
        else if (dialog.pts > pts) found.want.add(dialog.box);
        continue;
      }
      const start = this.#startOf(dialog.chat);
      const isOld =
        "afterId" in start ? dialog.topId <= start.afterId : dialog.topDate < start.afterDate;
      if (!isOld) await this.#orClose(dialog, start);
    }
    return found;
  }

  /**
   * The account's position and its chats with the newest message of each. Later messages are in the
   * difference from there: read from the chats as well, an unreadable one would count twice (field
   * fault A1). A permanently busy account is taken as it is after a few tries.
   */
  async stand(): Promise<{ readonly state: UpdateState; readonly dialogs: readonly Dialog[] }> {
    for (let tries = 1; ; tries++) {
      await this.pace();
      const state = await this.#server.state();
      const dialogs = await this.#allDialogs();
      if (tries === STAND_TRIES || (await this.#server.state()).pts === state.pts)
        return { state, dialogs };
    }
  }

  /**
   * Fetches the posts of a channel since its last known one, up to `topId` (null = to its end),
   * then moves to `pts`.
   */
  async channel(
    channel: string,
    { pts, topId }: { readonly pts: number; readonly topId: number | null },
  ): Promise<void> {
    const chat = markedChannel(channel);
    await this.reading(channel, async () => {
      await this.#history(chat, this.#startOf(chat), topId);
      this.#ledger.commit({ channels: new Map([[channel, pts]]) }, "asked");
    });
  }

  /** The same when only the list of chats reveals the channel's position. */
  async channelReset(channel: string): Promise<void> {
    const [dialog] = await this.dialogsOf([markedChannel(channel)]);
    if (dialog?.pts === null || dialog?.pts === undefined)
      this.#ledger.close(markedChannel(channel), "CHANNEL_PRIVATE");
    else await this.channel(channel, { pts: dialog.pts, topId: dialog.topId });
  }

  /**
   * Looks up channels that are unknown or were closed. A new one gets its current position, but its
   * posts since the account was last up to date are fetched. Returns the channels to ask for.
   */
  async look(channels: readonly string[]): Promise<readonly string[]> {
    const before = new Map(channels.map((channel) => [channel, this.#ledger.channel(channel)]));
    const dialogs = await this.dialogsOf(channels.map(markedChannel));
    const want: string[] = [];
    for (const [channel, known] of before) {
      const dialog = dialogs.find(({ box }) => box === channel);
      const isKnown = known !== undefined;
      if (dialog?.pts === null || dialog?.pts === undefined) {
        if (isKnown) this.#ledger.close(markedChannel(channel), "CHANNEL_PRIVATE");
        continue;
      }
      this.#ledger.reopen(dialog.chat);
      // With a position ahead of the server no new post would ever look new.
      if (isKnown && known > dialog.pts)
        await this.channel(channel, { pts: dialog.pts, topId: dialog.topId });
      else if (isKnown) want.push(channel);
      else await this.#adopt(dialog, dialog.pts);
    }
    return want;
  }

  /** The list's entries of certain chats. Pushed updates are handled meanwhile. */
  async dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]> {
    return await this.#meanwhile.answered(this.#server.dialogsOf(chats));
  }

  /** Holds back pushed updates of a box while `work` reads it; other boxes continue. */
  async reading<T>(box: string, work: () => Promise<T>): Promise<T> {
    const { reading } = this.#meanwhile;
    if (reading.has(box)) return await work();
    reading.add(box);
    try {
      return await work();
    } finally {
      reading.delete(box);
    }
  }

  /**
   * Fetches messages of a chat from a start to its end, or to `upTo`; unreadable ones count as
   * lost.
   */
  async #history(chat: string, start: HistoryStart, upTo: number | null): Promise<void> {
    await this.reading(
      bareChannel(chat) ?? ACCOUNT,
      async () => await this.#pages(chat, start, upTo),
    );
  }

  async #pages(chat: string, start: HistoryStart, upTo: number | null): Promise<void> {
    let [at, skip, passed] = [start, 0, 0];
    for (let page = 0; page < MAX_PAGES; page++) {
      if (page > 0) await this.pace();
      const answer = await this.#meanwhile.answered(this.#server.history(chat, at, { skip, upTo }));
      const last = answer.events.at(-1);
      this.#ledger.commit({ events: answer.events }, "asked");
      if (last) {
        // Messages newer than the last readable one appear on the next page too.
        this.#lose(chat, at, { count: passed + answer.unreadable, isEnd: false });
        [at, skip, passed] = [{ afterId: last.messageId }, 0, 0];
        continue;
      }
      // More may follow a page without a readable message: only an empty page is the end (field
      // fault F16).
      skip += answer.raw;
      passed += answer.unreadable + answer.unreadableAfter;
      if (answer.raw === 0 || isBeyond(at, skip, upTo))
        return this.#lose(chat, at, { count: passed, isEnd: true });
    }
    const [dialog] = await this.dialogsOf([chat]);
    const beyond = (dialog?.topId ?? 0) - this.#newest(chat);
    if (beyond > 0) this.#ledger.lose(dialog?.box ?? ACCOUNT, beyond, "too-many");
  }

  /** Counts once, although the same end of a chat may be read more than once. */
  #lose(chat: string, at: HistoryStart, { count, isEnd }: { count: number; isEnd: boolean }): void {
    const start = JSON.stringify(at);
    const known = this.#counted.get(chat);
    const fresh = count - (known?.start === start ? known.count : 0);
    if (isEnd) this.#counted.set(chat, { start, count });
    else this.#counted.delete(chat);
    const box = bareChannel(chat) ?? ACCOUNT;
    if (fresh > 0)
      this.#ledger.lose(
        this.#ledger.channel(box) === undefined ? ACCOUNT : box,
        fresh,
        "unreadable",
      );
  }

  /**
   * Fetches messages of a chat after the newest stored one. Unreadable ones were counted when they
   * came.
   */
  async newer(chat: string): Promise<void> {
    const start = this.#startOf(chat);
    this.#counted.set(chat, { start: JSON.stringify(start), count: Number.POSITIVE_INFINITY });
    await this.#history(chat, start, null);
  }

  /** All chats page by page, newest first. */
  async *dialogPages(): AsyncGenerator<readonly Dialog[]> {
    let next: string | null = null;
    for (let page = 0; page < MAX_DIALOG_PAGES; page++) {
      if (page > 0) await this.pace();
      const answer: DialogPage = await this.#meanwhile.answered(this.#server.dialogs(next));
      yield answer.dialogs;
      next = answer.next;
      if (next === null) return;
    }
  }

  /** A chat that cannot be read does not block the others (promise S2-51). */
  async #orClose({ chat, topId }: Dialog, start: HistoryStart): Promise<void> {
    try {
      await this.#history(chat, start, topId);
    } catch (error) {
      const verdict = this.#options.judge(error);
      if (verdict.kind !== "closed" && verdict.kind !== "refused") throw error;
      this.#ledger.close(chat, verdict.reason);
    }
  }

  /**
   * Messages of a channel count from the time at which the account joined it, or first saw it here,
   * whatever was received of it since.
   */
  async #adopt(dialog: Dialog, pts: number): Promise<void> {
    const floor = this.#options.table.floor() * 1000;
    const since =
      dialog.joinedAt > 0 ? Math.max(dialog.joinedAt, floor) : this.#ledger.since * 1000;
    await this.reading(dialog.box, async () => {
      if (dialog.topDate >= since)
        await this.#history(dialog.chat, { afterDate: since }, dialog.topId);
      this.#ledger.commit({ channels: new Map([[dialog.box, pts]]), baselines: [dialog] }, "asked");
    });
  }

  /** Messages of a chat that was unknown when the account was first seen count from that time. */
  #startOf(chat: string): HistoryStart {
    const newest = this.#newest(chat);
    if (newest > 0) return { afterId: newest };
    return { afterDate: this.#options.table.floor() * 1000 };
  }

  #newest(chat: string): number {
    return this.#options.table.sources.get(chat)?.lastMessageId ?? 0;
  }

  async #allDialogs(): Promise<Dialog[]> {
    const all: Dialog[] = [];
    for await (const page of this.dialogPages()) all.push(...page);
    return all;
  }

  /**
   * Waits until the next request for old messages is allowed. Pushed updates are handled meanwhile.
   */
  async pace(): Promise<void> {
    await this.#meanwhile.pass(this.#options.timings.paceMs);
  }
}

/** Message ids only rise, which limits the number of messages between the start and the end. */
function isBeyond(at: HistoryStart, skip: number, upTo: number | null): boolean {
  return upTo !== null && "afterId" in at && at.afterId + skip >= upTo;
}
