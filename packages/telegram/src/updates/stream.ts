import { AppError, type Clock, sleep } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import type { Link } from "../link/link.ts";
import { linkLost } from "../wire/fault.ts";
import type { Log } from "../wire/log.ts";
import { ownEffect, toEnvelope } from "./decode.ts";
import { UpdateEngine } from "./engine.ts";
import {
  DEFAULT_ENGINE_TIMINGS,
  type EngineCounts,
  type EngineOptions,
  type EngineTimings,
} from "./engine-types.ts";
import { GramJsUpdateServer } from "./gramjs-server.ts";
import { judge } from "./judge.ts";

/** Store, listeners and timings of an {@link UpdateStream}. */
export interface StreamOptions {
  readonly store: SessionStore;
  readonly wants: (chat: string) => boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly timings: Partial<EngineTimings>;
  readonly on: EngineOptions["on"];
}

/** Milliseconds between two tries on a full disk. */
const FULL_DISK_MS = 2000;

/**
 * Connects the update engine to GramJS: feeds it with a link's updates, and sends its requests over
 * the same link.
 */
export class UpdateStream {
  readonly #engine: UpdateEngine;
  readonly #options: StreamOptions;

  constructor(options: StreamOptions) {
    this.#options = options;
    const timings = { ...DEFAULT_ENGINE_TIMINGS, ...options.timings };
    const { wants, log, clock, on } = options;
    this.#engine = new UpdateEngine({
      table: options.store.updates,
      wants,
      judge,
      log,
      clock,
      timings,
      on,
    });
  }

  counts(): EngineCounts {
    return this.#engine.counts();
  }

  /** See {@link UpdateEngine.quiet}. */
  quiet(): ReturnType<UpdateEngine["quiet"]> {
    return this.#engine.quiet();
  }

  /** Something may be missing: the server started a new session, or sent something unreadable. */
  doubt(): void {
    this.#engine.doubt();
  }

  /** Takes a whole `Updates` object that the server pushed. */
  pushed(container: unknown): void {
    this.#feed(() => toEnvelope(container, (chat) => this.#knows(chat)));
  }

  /** Takes the answer to an own call: its effects move the same positions. */
  answered(request: unknown, answer: unknown): void {
    this.#feed(
      () =>
        toEnvelope(answer, () => true) ??
        ownEffect(request, answer, this.#options.store.self()?.id ?? null),
    );
  }

  /**
   * Follows the stream over a link until the link is over. Ends the link when the stream cannot
   * continue. Never rejects.
   */
  async follow(link: Link): Promise<void> {
    const over = new AbortController();
    void link.ended.then((error) => over.abort(error));
    try {
      await this.#runUntilOver(new GramJsUpdateServer(link, this.#options.store), over.signal);
    } catch (error) {
      await link.stop(linkLost("refused", error));
    }
  }

  /**
   * On a full disk no position moves: the account stays connected, and catches up when there is
   * room.
   */
  async #runUntilOver(server: GramJsUpdateServer, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#engine.run(server, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof AppError) || error.code !== "sqlite-full")
          throw error;
        if (tries === 1)
          this.#options.log(
            "error",
            "the disk is full: updates wait at the server until there is room",
            {},
          );
        await sleep(FULL_DISK_MS, signal).catch(() => {});
      }
    }
  }

  #knows(chat: string): boolean {
    const known = this.#options.store.entities.byId(chat);
    return known !== null && (!chat.startsWith("-") || (known.protected ?? null) !== null);
  }

  /** An object that cannot be decoded counts as missing. */
  #feed(decode: () => ReturnType<typeof toEnvelope>): void {
    try {
      const envelope = decode();
      if (envelope) this.#engine.feed(envelope);
    } catch (error) {
      this.#options.log("error", "an update could not be decoded", {
        error: error instanceof Error ? error.name : "",
      });
      this.#engine.doubt();
    }
  }
}
