import { markedChannel } from "@flotilla/kernel";
import type { Backfill, Found } from "./backfill.ts";
import type { EngineOptions, EngineParts } from "./engine-types.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { ACCOUNT, type ChannelDifference, type Difference, type Update, type UpdateServer } from "./model.ts";
import { reduce } from "./reduce.ts";

/** Size of the part when the whole difference cannot be read; halved until it is one. */
const SPLIT_START = 64;

/**
 * updates.getDifference and updates.getChannelDifference, to their end. Each part is committed with the position it leads
 * to, so a call may be cut off anywhere and is simply made again.
 */
export class Differences {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #server: UpdateServer;
  readonly #backfill: Backfill;

  constructor({ ledger, options, server }: EngineParts, backfill: Backfill) {
    this.#ledger = ledger;
    this.#options = options;
    this.#server = server;
    this.#backfill = backfill;
  }

  /** Brings the account's box up to date. Rejects with what the server answered. */
  async account(): Promise<Found> {
    const found: Found = { want: new Set(), look: new Set() };
    for (let limit: number | undefined; ; ) {
      const from = this.#ledger.account;
      const answer = await this.#orSplit(() => this.#server.difference(from, limit));
      if (answer === "undecodable") {
        if (limit === 1) this.#skip(ACCOUNT, { account: { ...from, pts: from.pts + 1 } });
        limit = smaller(limit);
      } else if (answer.kind === "too-long") {
        merge(found, await this.#backfill.account());
        this.#ledger.commit({ account: { ...from, pts: answer.pts } }, "asked");
      } else {
        this.#commitAccount(answer, found);
        if (answer.kind === "empty" || answer.final) return found;
        limit = undefined;
      }
    }
  }

  /** The server does not accept our position: what came since is taken from the chats, then we stand where it says. */
  async reset(): Promise<Found> {
    const account = await this.#server.state();
    const found = await this.#backfill.account();
    this.#ledger.commit({ account }, "asked");
    return found;
  }

  /** Brings a channel up to date. Rejects with what the server answered. */
  async channel(channel: string): Promise<void> {
    for (let limit: number | undefined; ; ) {
      const pts = this.#ledger.channel(channel);
      if (pts === undefined) return;
      const answer = await this.#orSplit(() => this.#server.channelDifference(channel, pts, limit));
      if (answer === "undecodable") {
        if (limit === 1) this.#skip(channel, { channels: new Map([[channel, pts + 1]]) });
        limit = smaller(limit);
      } else if (answer.kind === "too-long") {
        return await this.#backfill.channel(channel, answer.pts);
      } else {
        this.#ledger.commit({ channels: new Map([[channel, answer.pts]]), events: eventsOf(answer) }, "asked");
        this.#ledger.reopen(markedChannel(channel));
        if (answer.kind === "empty" || answer.final) return;
        limit = undefined;
      }
    }
  }

  #commitAccount(answer: Exclude<Difference, { kind: "too-long" }>, found: Found): void {
    if (answer.kind === "empty") {
      const { date, seq } = answer;
      this.#ledger.commit({ account: { ...this.#ledger.account, date, seq } }, "asked");
      return;
    }
    const own = answer.updates.flatMap((update) => (update.kind === "box" && update.box === ACCOUNT ? update.events : []));
    // Channels have positions of their own, also in here: their updates are checked like live ones.
    const live = answer.updates.filter((update) => update.kind !== "box" || update.box !== ACCOUNT).filter(isChannels);
    const step = reduce(this.#ledger.positions, { kind: "updates", seqStart: 0, seq: 0, date: 0, updates: live }, new Set());
    merge(found, { want: new Set([...step.want, ...step.gaps.map(({ box }) => box)]), look: new Set(step.look) });
    const events = [...answer.events, ...own, ...step.events];
    this.#ledger.commit({ account: answer.state, channels: step.channels, events }, "asked");
  }

  /** One event that cannot be read keeps nobody from the rest: it is passed over, and that is said. */
  #skip(box: string, past: Entry): void {
    this.#options.log("error", "an update was skipped: this version cannot read it", { box });
    this.#ledger.commit(past, "asked");
    this.#ledger.lose(box, 1, "unreadable");
  }

  async #orSplit<T>(ask: () => Promise<T>): Promise<T | "undecodable"> {
    try {
      return await ask();
    } catch (error) {
      if (this.#options.judge(error).kind === "undecodable") return "undecodable";
      throw error;
    }
  }
}

function isChannels({ kind }: Update): boolean {
  return kind === "box" || kind === "channel-too-long" || kind === "channel-changed";
}

function smaller(limit: number | undefined): number {
  return limit === undefined ? SPLIT_START : Math.max(1, limit >> 1);
}

function eventsOf(answer: Exclude<ChannelDifference, { kind: "too-long" }>) {
  if (answer.kind === "empty") return [];
  return [...answer.events, ...answer.updates.flatMap((update) => (update.kind === "box" ? update.events : []))];
}

function merge(into: Found, from: Found): void {
  for (const box of from.want) into.want.add(box);
  for (const channel of from.look) into.look.add(channel);
}
