import type { LossReason } from "@flotilla/contracts";
import { LoopShare, withoutNullish } from "@flotilla/kernel";
import type { InboxEvent, UpdateState } from "@flotilla/session-store";
import type { EngineOptions } from "./engine-types.ts";
import type { Dialog } from "./model.ts";
import type { Positions } from "./reduce.ts";

/** Events per commit, and milliseconds per slice before the event loop gets a turn. */
const PART = 200;
const SLICE_MS = 20;

/** How an event came: pushed, by request, or pushed in a chat that is set aside. */
export type Origin = "pushed" | "asked" | "beside";

/** One durable step. */
export interface Entry {
  readonly account?: UpdateState | null;
  readonly channels?: ReadonlyMap<string, number>;
  readonly events?: readonly InboxEvent[];
  /** Chats that may be new here: their existing messages are not fetched. */
  readonly baselines?: readonly Dialog[];
}

/**
 * The positions in memory, which follow those on disk and never lead them: they move after the
 * commit. A commit that fails throws and moves none.
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

  /** Loads the positions from disk. */
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

  /** Null until the account's position was read for the first time. */
  get known(): UpdateState | null {
    return this.#account;
  }

  /** The account's position, once it is known. */
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

  /**
   * Time up to which the account was up to date before the current catch-up, in seconds since the
   * Unix epoch.
   */
  get since(): number {
    return this.#since;
  }

  /**
   * Marks the stream as incomplete. The server reports changed channels by the date only, so the
   * date on disk stays until everything has arrived: a restart from it gets the report again.
   */
  hold(): void {
    this.#isHeld = true;
  }

  /** Marks the stream as complete: the date on disk follows. */
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

  /**
   * Commits events and positions in one transaction, then moves. Returns the number of new
   * messages. Throws AppError `sqlite-*`.
   */
  commit(entry: Entry, origin: Origin): number {
    const { table, wants, on } = this.#options;
    const {
      account = null,
      channels = new Map<string, number>(),
      events = [],
      baselines = [],
    } = entry;
    if (!account && channels.size + events.length + baselines.length === 0) return 0;
    const moved = [...channels].map(([id, pts]) => ({ id, pts }));
    const onDisk = account && this.#isHeld ? { ...account, date: this.#since } : account;
    const batch = {
      ...withoutNullish({ account: onDisk }),
      channels: moved,
      events,
      baselines: baselines.filter(hasMessages),
    };
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
   * The same for any number of events: the first parts precede their position, which is committed
   * with the last part. After an interruption they come again and are recognised. Resolves as
   * {@link commit} returns.
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

  /** Records events of a box that exist and cannot be fetched. */
  lose(box: string, count: number, why: LossReason): void {
    this.#lost += count;
    this.#options.on.trouble({ kind: "lost", box, count, why });
  }

  /** Closes a chat that refuses this account; reports it once. */
  close(chat: string, reason: string): void {
    if (this.#closed.has(chat)) return;
    this.#options.table.sources.close(chat, reason);
    this.#closed.add(chat);
    this.#options.on.trouble({ kind: "closed", chat, reason });
  }

  /** Reopens a closed chat. */
  reopen(chat: string): void {
    if (!this.#closed.delete(chat)) return;
    this.#options.table.sources.reopen(chat);
    this.#options.on.trouble({ kind: "reopened", chat });
  }

  /** A chat with a new message is open. */
  #reopenSpeaking(events: readonly InboxEvent[]): void {
    if (this.#closed.size === 0) return;
    for (const { kind, chat } of events) if (kind === "new" && chat !== null) this.reopen(chat);
  }
}

function hasMessages({ topId }: Dialog): boolean {
  return topId > 0;
}
