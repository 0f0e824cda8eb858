import { SEND_RATE, type SendRate } from "@flotilla/contracts";
import { AppError, type Clock, SerialQueue, sleep } from "@flotilla/kernel";
import type { FloodTable } from "@flotilla/session-store";
import { classify } from "../wire/classify.ts";
import { ChatPace, type FloodStatus, halvedUntil, TokenBucket } from "./budget.ts";

/** Stored waits, rate and listeners of a {@link FloodGate}. */
export interface FloodGateOptions {
  readonly table: FloodTable;
  readonly clock: Clock;
  readonly rate?: SendRate;
  /** A wait began, an admin lifted a stop, or sending was stopped. */
  readonly onChange?: () => void;
}

const NOTE_SLACK_MS = 60_000;

/**
 * Flood waits and send budget of one account: keeps every wait of Telegram in full plus one second,
 * for its method and chat, over restarts too (docs/safety.md). Reading continues while sending
 * waits.
 */
export class FloodGate {
  readonly #options: FloodGateOptions;
  readonly #rate: SendRate;
  readonly #bucket: TokenBucket;
  readonly #pace = new ChatPace();
  /** Callers that wait for a token, in turn. */
  readonly #turns = new SerialQueue();

  constructor(options: FloodGateOptions) {
    this.#options = options;
    this.#rate = options.rate ?? SEND_RATE;
    this.#bucket = new TokenBucket(options.clock.monotonicMs());
  }

  /**
   * Throws AppError `flood-wait` (details `waitS`) while a wait is in force. `peer` is a marked id,
   * or empty.
   */
  check(method: string, peer: string): void {
    const { table, clock } = this.#options;
    const leftMs = table.leftMs(method, peer, clock.now());
    if (leftMs <= 0) return;
    throw new AppError("flood-wait", `Telegram asked to wait before ${method} is called again.`, {
      details: { waitS: Math.ceil(leftMs / 1000), method, peer },
    });
  }

  /**
   * Throws AppError `sending-stopped` after PEER_FLOOD or a freeze, until an admin resumes sending.
   */
  checkSending(): void {
    const stopped = this.#options.table.stopped();
    if (!stopped) return;
    throw new AppError(
      "sending-stopped",
      `Sending is stopped since Telegram answered ${stopped.reason}.`,
      {
        details: { reason: stopped.reason },
      },
    );
  }

  /**
   * Waits for its turn to send to a chat, in the order of the calls. Rejects with `signal.reason`.
   */
  async turn(chat: string, signal: AbortSignal): Promise<void> {
    await this.#turns.run(() => this.#await(chat, signal));
  }

  /** Records the waits and stops in an answer of the server. */
  heard(error: unknown, method: string, peer: string): void {
    const { table, clock, onChange } = this.#options;
    const fault = classify(error);
    const now = clock.now();
    if (fault.class === "FLOOD" && fault.waitS !== undefined && fault.code !== "flood-wait") {
      // A slow mode applies to the chat, a login's wait to the phone number, every other wait to
      // the method, whatever its chat.
      const about =
        fault.code.startsWith("SLOWMODE_WAIT") || method.startsWith("auth.") ? peer : "";
      table.add({ method, peer: about }, (fault.waitS + 1) * 1000, now);
    } else if (fault.code === "PEER_FLOOD" || fault.code.startsWith("FROZEN_")) {
      table.stop({ reason: fault.code, at: now });
    } else return;
    onChange?.();
  }

  /** Lifts the stop after PEER_FLOOD for an admin. Waits stay. */
  resume(): void {
    this.#options.table.resume();
    this.#options.onChange?.();
  }

  status(): FloodStatus {
    const { table, clock } = this.#options;
    const now = clock.now();
    const until = halvedUntil(this.#notes(now));
    const perMinute = this.#perMinute();
    const tokens = Math.floor(this.#bucket.level(clock.monotonicMs(), perMinute, this.#rate.burst));
    return {
      waits: table.waits(now),
      perMinute,
      tokens,
      halvedUntil: until > now ? until : null,
      stopped: table.stopped(),
    };
  }

  /** Ignores times in the future, recorded while the clock was ahead. */
  #notes(now: number): readonly number[] {
    return this.#options.table.notes().filter((at) => at <= now + NOTE_SLACK_MS);
  }

  #perMinute(): number {
    const now = this.#options.clock.now();
    const isHalved = halvedUntil(this.#notes(now)) > now;
    return isHalved ? this.#rate.perMinute / 2 : this.#rate.perMinute;
  }

  async #await(chat: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      signal.throwIfAborted();
      const now = clock.monotonicMs();
      const waitMs = Math.max(
        this.#bucket.waitMs(now, this.#perMinute(), this.#rate.burst),
        this.#pace.waitMs(chat, now, this.#rate),
      );
      if (waitMs === 0) {
        this.#bucket.take();
        this.#pace.took(chat, now);
        return;
      }
      await sleep(waitMs, signal);
    }
  }
}
