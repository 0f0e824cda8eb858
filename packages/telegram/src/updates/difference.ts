import { ACCOUNT } from "../wire/box.ts";
import type { Backfill, Found } from "./backfill.ts";
import type { EngineOptions, EngineParts } from "./engine-types.ts";
import type { Ledger } from "./ledger.ts";
import type { ChannelDifference, Difference, Update, UpdateServer } from "./model.ts";
import { NOTHING_SPECIAL, reduce } from "./reduce.ts";

/** First size of a part when the whole difference is unreadable; halved down to one. */
const SPLIT_START = 64;

/** Result of one request. */
export interface Asked {
  readonly found: Found;
  /**
   * done = the box is up to date; more = there is more; slowly = there is more, and the server is
   * in trouble; stuck = the answer did not move the position.
   */
  readonly next: "done" | "more" | "slowly" | "stuck";
  /** True = the answer contained something unreadable. */
  readonly isIll: boolean;
}

type AccountPart = Extract<Difference, { kind: "part" }>;
type ChannelPart = Extract<ChannelDifference, { kind: "part" }>;

/**
 * updates.getDifference and updates.getChannelDifference, one request at a time. Each part is
 * committed with the server's position for it, so that a call may be interrupted anywhere and is
 * repeated. Positions are never invented.
 */
export class Differences {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #server: UpdateServer;
  readonly #backfill: Backfill;
  /** Size of the next part, for boxes whose answers are unreadable. */
  readonly #limits = new Map<string, number>();

  constructor({ ledger, options, server }: EngineParts, backfill: Backfill) {
    this.#ledger = ledger;
    this.#options = options;
    this.#server = server;
    this.#backfill = backfill;
  }

  /** Moves the account's box forward. Rejects with the server's answer. */
  async account(): Promise<Asked> {
    const from = this.#ledger.account;
    const answer = await this.#orSplit(ACCOUNT, (limit) => this.#server.difference(from, limit));
    if (answer === "smaller") return asked("slowly");
    if (answer === "unreadable") return { ...asked("done", await this.reset()), isIll: true };
    if (answer.kind === "empty") {
      const { date, seq } = answer;
      this.#ledger.commit({ account: { ...from, date, seq } }, "asked");
      return asked("done");
    }
    if (answer.kind === "too-long") {
      if (answer.pts === from.pts) return asked("stuck");
      const { state, dialogs } = await this.#backfill.stand();
      const found = await this.#backfill.account(dialogs);
      this.#ledger.commit({ account: { ...from, pts: state.pts } }, "asked");
      return asked("more", found);
    }
    const { state, final } = answer;
    // The server's position is behind ours: its later updates would look old.
    if (state.pts < from.pts) return asked("done", await this.reset());
    const found = await this.#commitAccount(answer);
    const isIll = answer.unreadable > 0;
    if (final) return { ...asked("done", found), isIll };
    if (state.pts === from.pts && state.qts <= from.qts) return asked("stuck", found);
    return asked(isIll ? "slowly" : "more", found);
  }

  /**
   * The server refuses the position, or sends nothing readable from it: fetches the newer messages
   * from the chats and then takes the server's position.
   */
  async reset(): Promise<Found> {
    return await this.#backfill.reading(ACCOUNT, async () => {
      const { state, dialogs } = await this.#backfill.stand();
      const found = await this.#backfill.account(dialogs);
      this.#ledger.commit({ account: state }, "asked");
      return found;
    });
  }

  /** Moves a channel forward. Rejects with the server's answer. */
  async channel(channel: string): Promise<Asked> {
    const pts = this.#ledger.channel(channel);
    if (pts === undefined) return asked("done");
    const answer = await this.#orSplit(channel, (limit) =>
      this.#server.channelDifference(channel, pts, limit),
    );
    if (answer === "smaller") return asked("slowly");
    if (answer === "unreadable") {
      await this.#backfill.pace();
      await this.#backfill.channelReset(channel);
      return { ...asked("done"), isIll: true };
    }
    if (answer.kind === "too-long") {
      if (answer.pts === pts) return asked("stuck");
      await this.#backfill.channel(channel, answer);
      return asked("done");
    }
    if (answer.pts < pts) {
      await this.#backfill.channelReset(channel);
      return asked("done");
    }
    const isEnd = answer.kind === "empty" || answer.final;
    if (!isEnd && answer.pts === pts) return asked("stuck");
    await this.#ledger.commitInParts(
      { channels: new Map([[channel, answer.pts]]), events: eventsOf(answer) },
      "asked",
    );
    if (answer.kind === "part")
      this.#lose(channel, lostIn(answer, answer.pts - pts, answer.events.length, channel));
    const isIll = answer.kind === "part" && answer.unreadable > 0;
    if (isEnd) return { ...asked("done"), isIll };
    return asked(isIll ? "slowly" : "more");
  }

  async #commitAccount(answer: AccountPart): Promise<Found> {
    const from = this.#ledger.account;
    const own = answer.updates.flatMap((update) =>
      update.kind === "box" && update.box === ACCOUNT ? update.events : [],
    );
    // Channels have their own positions here too: their updates are checked like pushed ones.
    const live = answer.updates
      .filter((update) => update.kind !== "box" || update.box !== ACCOUNT)
      .filter(isChannels);
    const envelope = { kind: "updates", seqStart: 0, seq: 0, date: 0, updates: live } as const;
    const step = reduce(this.#ledger.positions, envelope, NOTHING_SPECIAL);
    const ahead = step.gaps
      .map(({ box }) => box)
      .filter((box) => this.#ledger.channel(box) !== undefined);
    const events = [...answer.events, ...own, ...step.events];
    await this.#ledger.commitInParts(
      { account: answer.state, channels: step.channels, events },
      "asked",
    );
    this.#lose(ACCOUNT, lostIn(answer, answer.state.pts - from.pts, answer.events.length, ACCOUNT));
    return { want: new Set([...step.want, ...ahead]), look: new Set(step.look) };
  }

  #lose(box: string, count: number): void {
    if (count <= 0) return;
    this.#options.log("error", "updates were skipped: this version cannot read them", {
      box,
      count,
    });
    this.#ledger.lose(box, count, "unreadable");
  }

  /** Requests smaller and smaller parts of an unreadable answer, until the bad part is isolated. */
  async #orSplit<T>(
    box: string,
    ask: (limit?: number) => Promise<T>,
  ): Promise<T | "smaller" | "unreadable"> {
    const limit = this.#limits.get(box);
    try {
      const answer = await ask(limit);
      this.#limits.delete(box);
      return answer;
    } catch (error) {
      if (this.#options.judge(error).kind !== "undecodable") throw error;
      this.#limits.delete(box);
      if (limit === 1) return "unreadable";
      this.#limits.set(box, limit === undefined ? SPLIT_START : Math.max(1, limit >> 1));
      return "smaller";
    }
  }
}

function asked(next: Asked["next"], found: Found = { want: new Set(), look: new Set() }): Asked {
  return { found, next, isIll: next === "slowly" || next === "stuck" };
}

function isChannels({ kind }: Update): boolean {
  return kind === "box" || kind === "channel-too-long" || kind === "channel-changed";
}

/**
 * Number of messages in a part that are unreadable: at most the steps of the box that nothing else
 * in the part accounts for. An object that moves no position was no message.
 */
function lostIn(
  part: AccountPart | ChannelPart,
  steps: number,
  messages: number,
  box: string,
): number {
  if (part.unreadable === 0) return 0;
  const others = part.updates.reduce(
    (sum, update) => sum + (update.kind === "box" && update.box === box ? update.count : 0),
    0,
  );
  return Math.min(part.unreadable, Math.max(0, steps - messages - others));
}

function eventsOf(answer: Exclude<ChannelDifference, { kind: "too-long" }>) {
  if (answer.kind === "empty") return [];
  return [
    ...answer.events,
    ...answer.updates.flatMap((update) => (update.kind === "box" ? update.events : [])),
  ];
}
