import { sleep } from "@flotilla/kernel";
import type { MovableClock } from "../world/clock.ts";
import { refusal } from "./model/refusal.ts";
import type { UpdateBody } from "./model/types.ts";

const UPDATE_LIFE_MS = 24 * 3600_000;
const CALLBACK_LIFE_MS = 150_000;
const LONGEST_HOLD_S = 50;
const CONFLICT_PAUSE_MS = 3000;
const SAME_OFFSET_HOLD_S = 3;
const SAME_OFFSET_SINGLE_MS = 500;
/** Types that have to be asked for by name. https://core.telegram.org/bots/api#getupdates */
const NOT_BY_DEFAULT = new Set(["chat_member", "message_reaction", "message_reaction_count"]);

interface QueuedUpdate {
  id: number;
  expiresMs: number;
  body: UpdateBody;
}

/** One getUpdates call. `signal` aborts when the caller hung up. */
export interface PollRequest {
  offset: number;
  limit: number;
  timeoutS: number;
  allowed: string[] | undefined;
  signal: AbortSignal;
}

/** What survives a restart of the sandbox. */
export interface UpdateQueueState {
  nextId: number;
  allowed: string[];
  queued: QueuedUpdate[];
}

/**
 * The bot's update queue with Telegram's long poll: hold up to 50 s, confirm by offset, one poller
 * at a time, updates kept 24 h and callback queries 150 s. Rules from tdlib/telegram-bot-api
 * `Client.cpp`.
 */
export class UpdateQueue {
  readonly #clock: MovableClock;
  #nextId: number;
  #allowed: string[] = [];
  #queued: QueuedUpdate[] = [];
  #held: AbortController | null = null;
  #previous = { offset: Number.NaN, startedMs: 0 };
  #nextConflictMs = 0;
  readonly #lose = { callbacks: { left: 0 }, updates: { left: 0 } };

  constructor(clock: MovableClock) {
    this.#clock = clock;
    // Seconds since 2020: ids of a sandbox without a state file still grow from one run to the
    // next.
    this.#nextId = Math.floor(clock.now() / 1000) - 1_577_836_800;
  }

  get pending(): number {
    this.#expire();
    return this.#queued.length;
  }

  /**
   * The next `count` updates of this kind never reach the bot; replaces an earlier loss of the
   * kind. `left` of the result counts down.
   */
  lose(kind: "callbacks" | "updates", count: number): { readonly left: number } {
    const loss = { left: count };
    this.#lose[kind] = loss;
    return loss;
  }

  /** Queues an update unless its type is not allowed or a fault eats it. */
  push(body: UpdateBody): void {
    if (!this.#wants(body.kind) || this.#isLost(body.kind)) return;
    const lifeMs = body.kind === "callback_query" ? CALLBACK_LIFE_MS : UPDATE_LIFE_MS;
    this.#queued.push({ id: this.#nextId++, expiresMs: this.#clock.now() + lifeMs, body });
    this.#held?.abort("wake");
  }

  /** Forgets what is queued; ids go on. */
  clear(): void {
    this.#queued = [];
  }

  /** Ends a held poll with an empty answer; used when the sandbox closes. */
  close(): void {
    this.#held?.abort("close");
  }

  async poll(request: PollRequest): Promise<object[]> {
    this.#held?.abort("conflict");
    if (request.allowed !== undefined) this.#allowed = request.allowed;
    this.#confirm(request.offset);
    const { limit, timeoutS } = this.#slowDown(request);
    const ready = this.#take(limit);
    if (ready.length > 0 || timeoutS === 0) return ready;
    await this.#hold(timeoutS * 1000, request.signal);
    return this.#take(limit);
  }

  save(): UpdateQueueState {
    return { nextId: this.#nextId, allowed: this.#allowed, queued: this.#queued };
  }

  restore(state: UpdateQueueState): void {
    this.#nextId = Math.max(state.nextId, this.#nextId);
    this.#allowed = state.allowed;
    this.#queued = state.queued;
  }

  async #hold(holdMs: number, gone: AbortSignal): Promise<void> {
    const held = new AbortController();
    this.#held = held;
    try {
      await sleep(holdMs, AbortSignal.any([held.signal, gone]));
    } catch {
      if (held.signal.reason === "conflict") await this.#refuseConflict(gone);
    } finally {
      if (this.#held === held) this.#held = null;
    }
  }

  /** At most one 409 every 3 s; more of them wait for their turn. */
  async #refuseConflict(gone: AbortSignal): Promise<never> {
    const waitMs = this.#nextConflictMs - performance.now();
    this.#nextConflictMs = Math.max(performance.now(), this.#nextConflictMs) + CONFLICT_PAUSE_MS;
    if (waitMs > 0) await sleep(waitMs, gone).catch(() => {});
    throw refusal(
      409,
      "terminated by other getUpdates request; make sure that only one bot instance is running",
    );
  }

  /**
   * A poller that asks for the same offset again and again is held and gets one update at a time.
   */
  #slowDown({ offset, limit, timeoutS }: PollRequest): { limit: number; timeoutS: number } {
    const sinceMs = performance.now() - this.#previous.startedMs;
    const again = offset === this.#previous.offset;
    this.#previous = { offset, startedMs: performance.now() };
    const capped = Math.min(Math.max(timeoutS, 0), LONGEST_HOLD_S);
    return {
      timeoutS:
        again && sinceMs < SAME_OFFSET_HOLD_S * 1000
          ? Math.max(capped, SAME_OFFSET_HOLD_S)
          : capped,
      limit: again && sinceMs < SAME_OFFSET_SINGLE_MS ? 1 : limit,
    };
  }

  #confirm(offset: number): void {
    this.#expire();
    if (offset > 0) this.#queued = this.#queued.filter((update) => update.id >= offset);
    if (offset < 0) this.#queued = this.#queued.slice(offset);
  }

  #expire(): void {
    const now = this.#clock.now();
    this.#queued = this.#queued.filter((update) => update.expiresMs > now);
  }

  #take(limit: number): object[] {
    this.#expire();
    return this.#queued
      .slice(0, limit)
      .map(({ id, body }) => ({ update_id: id, [body.kind]: body.payload }));
  }

  #wants(kind: string): boolean {
    return this.#allowed.length === 0 ? !NOT_BY_DEFAULT.has(kind) : this.#allowed.includes(kind);
  }

  #isLost(kind: string): boolean {
    const { callbacks, updates } = this.#lose;
    const loss = kind === "callback_query" && callbacks.left > 0 ? callbacks : updates;
    if (loss.left === 0) return false;
    loss.left -= 1;
    return true;
  }
}
