import type { LossReason } from "@flotilla/contracts";
import { LoopShare } from "@flotilla/kernel";
import type { InboxEvent, UpdateState } from "@flotilla/session-store";
import type { EngineOptions } from "./engine-types.ts";
import type { Dialog } from "./model.ts";
import type { Positions } from "./reduce.ts";

/** Events per commit, and milliseconds per slice before the event loop turns. */
const PART = 200;
const SLICE_MS = 20;

/** How something came: by itself, because it was asked for, or by itself in a chat that is set aside. */
export type Origin = "pushed" | "asked" | "beside";

/** One durable step. */
export interface Entry {
  readonly account?: UpdateState | null;
  readonly channels?: ReadonlyMap<string, number>;
  readonly events?: readonly InboxEvent[];
  /** Chats that may be seen for the first time: what they hold already is not ours to fetch. */
  readonly baselines?: readonly Dialog[];
}

/**
 * The positions in memory, which follow the ones on disk and never lead them: they move when the commit has succeeded. A
 * commit that fails throws, and the stream has not moved.
 */
export class Ledger {
  readonly #options: EngineOptions;
  readonly #channels = new Map<string, number>();
  readonly #closed = new Set<string>();
  #account: UpdateState | null = null;
  #since = 0;
  #isHeld = false;
  #received = 0;
  #recovered = 0;
  #lost = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Takes the positions from disk. */
  load(): void {
    const { table } = this.#options;
    this.#account = table.account();
    this.#since = this.#account?.date ?? 0;
    this.#isHeld = false;
    this.#channels.clear();
    for (const { id, pts } of table.channels()) this.#channels.set(id, pts);
    this.#closed.clear();
    for (const { chat } of table.sources.closed()) this.#closed.add(chat);
  }

  /** Null until the account's position was learned for the first time. */
  get known(): UpdateState | null {
    return this.#account;
  }

  /** The position of the account, once it is known. */
  get account(): UpdateState {
    if (!this.#account) throw new TypeError("the position of the account is not known yet");
    return this.#account;
  }

  get positions(): Positions {
    return { account: this.account, channels: this.#channels };
  }

  channel(id: string): number | undefined {
    return this.#channels.get(id);
  }

  /** Up to when the account was up to date before the catching up that is going on, in seconds since the Unix epoch. */
  get since(): number {
    return this.#since;
  }

  /**
   * Something is known to be missing. The server tells which channels changed by the date alone, so until everything is here
   * the date on disk stays where it was: whoever starts from it is told again.
   */
  hold(): void {
    this.#isHeld = true;
  }

  /** Nothing is missing any more: the date on disk follows. */
  settle(): void {
    this.#since = this.#account?.date ?? 0;
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#account) this.#options.table.commit({ account: this.#account }, () => false);
  }

  get received(): number {
    return this.#received;
  }

  get recovered(): number {
    return this.#recovered;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Writes events and positions in one transaction and moves. Returns how many new messages there were. Throws AppError `sqlite-*`. */
  commit(entry: Entry, origin: Origin): number {
    const { table, wants, on } = this.#options;
    const { account = null, channels = new Map<string, number>(), events = [], baselines = [] } = entry;
    if (!account && channels.size + events.length + baselines.length === 0) return 0;
    const moved = [...channels].map(([id, pts]) => ({ id, pts }));
    const onDisk = account && this.#isHeld ? { ...account, date: this.#since } : account;
    const batch = { ...(onDisk ? { account: onDisk } : {}), channels: moved, events, baselines: baselines.filter(hasMessages) };
    const { inserted, messages } = table.commit(batch, wants);
    if (account) this.#account = account;
    for (const [id, pts] of channels) this.#channels.set(id, pts);
    this.#received += messages;
    if (origin === "asked") this.#recovered += messages;
    if (origin !== "beside") this.#reopenSpeaking(events);
    if (inserted > 0) on.arrived();
    return messages;
  }

  /**
   * The same for any number of events: the first ones go before their position, which comes with the last ones. Cut off in between,
   * they come again and are known. Resolves as {@link commit} returns.
   */
  async commitInParts(entry: Entry, origin: Origin): Promise<number> {
    const { events = [], ...rest } = entry;
    const share = new LoopShare(SLICE_MS, this.#options.clock);
    const lastAt = Math.max(0, Math.ceil(events.length / PART) - 1) * PART;
    let messages = 0;
    for (let at = 0; at < lastAt; at += PART) {
      messages += this.commit({ events: events.slice(at, at + PART) }, origin);
      await share.turn();
    }
    return messages + this.commit({ ...rest, events: events.slice(lastAt) }, origin);
  }

  /** Says that events of a box exist and cannot be had. */
  lose(box: string, count: number, why: LossReason): void {
    this.#lost += count;
    this.#options.on.trouble({ kind: "lost", box, count, why });
  }

  /** A chat that lets us in no more; tells it once. */
  close(chat: string, reason: string): void {
    if (this.#closed.has(chat)) return;
    this.#options.table.sources.close(chat, reason);
    this.#closed.add(chat);
    this.#options.on.trouble({ kind: "closed", chat, reason });
  }

  /** A closed chat lets us in again. */
  reopen(chat: string): void {
    if (!this.#closed.delete(chat)) return;
    this.#options.table.sources.reopen(chat);
    this.#options.on.trouble({ kind: "reopened", chat });
  }

  /** What says something is open. */
  #reopenSpeaking(events: readonly InboxEvent[]): void {
    if (this.#closed.size === 0) return;
    for (const { kind, chat } of events) if (kind === "new" && chat !== null) this.reopen(chat);
  }
}

function hasMessages({ topId }: Dialog): boolean {
  return topId > 0;
}
