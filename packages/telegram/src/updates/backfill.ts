import { bareChannel, markedChannel } from "@flotilla/kernel";
import type { UpdateState } from "@flotilla/session-store";
import { ACCOUNT } from "../wire/box.ts";
import type { EngineOptions, EngineParts, Meanwhile } from "./engine-types.ts";
import type { Ledger } from "./ledger.ts";
import type { Dialog, DialogPage, HistoryStart, UpdateServer } from "./model.ts";

/** Pages of one chat that are fetched at once at most: 20,000 messages. What is beyond is counted as lost. */
const MAX_PAGES = 200;
/** Pages of the list of chats: 10,000 chats. */
const MAX_DIALOG_PAGES = 100;
/** So often where an account stands is learned anew, because something came while its chats were listed. */
const STAND_TRIES = 4;

/** Boxes that have to be asked for, and channels of which only the list of chats can tell where they stand. */
export interface Found {
  readonly want: Set<string>;
  readonly look: Set<string>;
}

/** Takes messages from the chats themselves, where the update stream cannot give them any more. */
export class Backfill {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #server: UpdateServer;
  readonly #meanwhile: Meanwhile;
  /** By chat: messages after the last one that can be read, which cannot, and are counted. */
  readonly #counted = new Map<string, { readonly start: string; readonly count: number }>();

  constructor({ ledger, options, server, meanwhile }: EngineParts) {
    this.#ledger = ledger;
    this.#options = options;
    this.#server = server;
    this.#meanwhile = meanwhile;
  }

  /** Learns where a new account stands. What came before is not ours to fetch. */
  async begin(): Promise<void> {
    const account = await this.#server.state();
    const dialogs = await this.#allDialogs();
    const channels = new Map(dialogs.flatMap(({ box, pts }) => (pts === null ? [] : [[box, pts] as const])));
    this.#ledger.commit({ account, channels, baselines: dialogs }, "asked");
  }

  /** Everything that was said in private chats and groups since we last heard of them. */
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
      const isOld = "afterId" in start ? dialog.topId <= start.afterId : dialog.topDate < start.afterDate;
      if (!isOld) await this.#orClose(dialog, start);
    }
    return found;
  }

  /**
   * Where the account stands, and its chats with the newest message that each had there. What comes later is in the difference
   * from there: read from the chats as well, a message that cannot be read would count twice (field fault A1). An account that
   * never rests is taken as it is after a few tries.
   */
  async stand(): Promise<{ readonly state: UpdateState; readonly dialogs: readonly Dialog[] }> {
    for (let tries = 1; ; tries++) {
      await this.pace();
      const state = await this.#server.state();
      const dialogs = await this.#allDialogs();
      if (tries === STAND_TRIES || (await this.#server.state()).pts === state.pts) return { state, dialogs };
    }
  }

  /** What was posted in a channel since we last heard of it, up to `topId` (null: to its end); then we stand at `pts`. */
  async channel(channel: string, { pts, topId }: { readonly pts: number; readonly topId: number | null }): Promise<void> {
    const chat = markedChannel(channel);
    await this.reading(channel, async () => {
      await this.#history(chat, this.#startOf(chat), topId);
      this.#ledger.commit({ channels: new Map([[channel, pts]]) }, "asked");
    });
  }

  /** The same when only the list of chats knows where the channel stands. */
  async channelReset(channel: string): Promise<void> {
    const [dialog] = await this.dialogsOf([markedChannel(channel)]);
    if (dialog?.pts === null || dialog?.pts === undefined) this.#ledger.close(markedChannel(channel), "CHANNEL_PRIVATE");
    else await this.channel(channel, { pts: dialog.pts, topId: dialog.topId });
  }

  /**
   * Channels that we know nothing of, or that were closed. One that is new stands where it stands now, but what was posted
   * since the account was last up to date is fetched. Returns the channels to ask for.
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
      // Beyond the server nothing new would ever be new for us.
      if (isKnown && known > dialog.pts) await this.channel(channel, { pts: dialog.pts, topId: dialog.topId });
      else if (isKnown) want.push(channel);
      else await this.#adopt(dialog, dialog.pts);
    }
    return want;
  }

  /** The list's entries of certain chats. Live work continues meanwhile. */
  async dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]> {
    return await this.#meanwhile.answered(this.#server.dialogsOf(chats));
  }

  /** While `work` reads what was said in a box, what is pushed of that box waits; everything else does not. */
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

  /** Fetches messages of a chat from a start to its end, or up to `upTo`; those that cannot be read count as lost. */
  async #history(chat: string, start: HistoryStart, upTo: number | null): Promise<void> {
    await this.reading(bareChannel(chat) ?? ACCOUNT, async () => await this.#pages(chat, start, upTo));
  }

  async #pages(chat: string, start: HistoryStart, upTo: number | null): Promise<void> {
    let [at, skip, passed] = [start, 0, 0];
    for (let page = 0; page < MAX_PAGES; page++) {
      if (page > 0) await this.pace();
      const answer = await this.#meanwhile.answered(this.#server.history(chat, at, { skip, upTo }));
      const last = answer.events.at(-1);
      this.#ledger.commit({ events: answer.events }, "asked");
      if (last) {
        // What is newer than the last one that can be read is on the next page as well.
        this.#lose(chat, at, { count: passed + answer.unreadable, isEnd: false });
        [at, skip, passed] = [{ afterId: last.messageId }, 0, 0];
        continue;
      }
      // Behind a page of which nothing can be read there may be more: the end is where there is nothing at all (field fault F16).
      skip += answer.raw;
      passed += answer.unreadable + answer.unreadableAfter;
      if (answer.raw === 0 || isBeyond(at, skip, upTo)) return this.#lose(chat, at, { count: passed, isEnd: true });
    }
    const [dialog] = await this.dialogsOf([chat]);
    const beyond = (dialog?.topId ?? 0) - this.#newest(chat);
    if (beyond > 0) this.#ledger.lose(dialog?.box ?? ACCOUNT, beyond, "too-many");
  }

  /** The same end of a chat may be looked at more than once. */
  #lose(chat: string, at: HistoryStart, { count, isEnd }: { count: number; isEnd: boolean }): void {
    const start = JSON.stringify(at);
    const known = this.#counted.get(chat);
    const fresh = count - (known?.start === start ? known.count : 0);
    if (isEnd) this.#counted.set(chat, { start, count });
    else this.#counted.delete(chat);
    const box = bareChannel(chat) ?? ACCOUNT;
    if (fresh > 0) this.#ledger.lose(this.#ledger.channel(box) === undefined ? ACCOUNT : box, fresh, "unreadable");
  }

  /** Messages of a chat after the newest one that we have. What cannot be read was counted when it came. */
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

  /** One chat that cannot be read keeps nobody from the others (promise S2-51). */
  async #orClose({ chat, topId }: Dialog, start: HistoryStart): Promise<void> {
    try {
      await this.#history(chat, start, topId);
    } catch (error) {
      const verdict = this.#options.judge(error);
      if (verdict.kind !== "closed" && verdict.kind !== "refused") throw error;
      this.#ledger.close(chat, verdict.reason);
    }
  }

  /** A channel is ours from when the account joined it, or was first seen here, whatever was heard of it since. */
  async #adopt(dialog: Dialog, pts: number): Promise<void> {
    const floor = this.#options.table.floor() * 1000;
    const since = dialog.joinedAt > 0 ? Math.max(dialog.joinedAt, floor) : this.#ledger.since * 1000;
    await this.reading(dialog.box, async () => {
      if (dialog.topDate >= since) await this.#history(dialog.chat, { afterDate: since }, dialog.topId);
      this.#ledger.commit({ channels: new Map([[dialog.box, pts]]), baselines: [dialog] }, "asked");
    });
  }

  /** A chat that was not there when the account was first seen is ours from that time on. */
  #startOf(chat: string): HistoryStart {
    const newest = this.#newest(chat);
    return newest > 0 ? { afterId: newest } : { afterDate: this.#options.table.floor() * 1000 };
  }

  #newest(chat: string): number {
    return this.#options.table.sources.get(chat)?.lastMessageId ?? 0;
  }

  async #allDialogs(): Promise<Dialog[]> {
    const all: Dialog[] = [];
    for await (const page of this.dialogPages()) all.push(...page);
    return all;
  }

  /** Waits until another question for old messages may be asked. Live work continues meanwhile. */
  async pace(): Promise<void> {
    await this.#meanwhile.pass(this.#options.timings.paceMs);
  }
}

/** Numbers of messages only rise: there are no more of them than that between the start and the end. */
function isBeyond(at: HistoryStart, skip: number, upTo: number | null): boolean {
  return upTo !== null && "afterId" in at && at.afterId + skip >= upTo;
}
