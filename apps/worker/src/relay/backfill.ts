import type { BackfillStatus, SourceMessage } from "@flotilla/contracts";
import { AppError, sleep, toError } from "@flotilla/kernel";
import type { ReadyRoute } from "@flotilla/relay";
import type { SessionStore } from "@flotilla/session-store";
import { classify } from "@flotilla/telegram";
import type { Intake } from "./intake.ts";
import type { RelayTelegram, TargetChat } from "./ports.ts";

/** How much is wanted. */
export type BackfillWish = { readonly last: number } | { readonly since: number };

/** Most messages of one backfill. */
const MOST = 2000;
const PAGE = 100;
/** At most one page a second (docs/safety.md). */
const PACE_MS = 1000;

/** Parts of a backfill. */
export interface BackfillDeps {
  readonly store: SessionStore;
  readonly intake: Intake;
  readonly telegram: RelayTelegram;
  /** The outbox has something. */
  readonly wake: () => void;
  /** Marked id of a source, or null while its name is not known. */
  readonly idOf: (ref: string) => string | null;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/**
 * Fetches old messages of a route's sources, at a flood-safe pace. One at a time; what was
 * delivered before is not delivered again.
 */
export class Backfill {
  readonly #deps: BackfillDeps;
  #status: BackfillStatus | null = null;
  #abort: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  status(): BackfillStatus | null {
    return this.#status;
  }

  /** Throws AppError `backfill-running`. */
  start(ready: ReadyRoute, wish: BackfillWish): void {
    if (this.#abort)
      throw new AppError("backfill-running", "A backfill is under way. Wait for it, or cancel it.");
    const counts = { fetched: 0, taken: 0, known: 0, wanted: lastOf(wish) };
    this.#status = {
      route: ready.route.id,
      state: "running",
      ...counts,
      reason: null,
      waitsUntil: null,
    };
    const abort = new AbortController();
    this.#abort = abort;
    this.#running = this.#run(ready, wish, abort.signal).finally(() => {
      this.#abort = null;
    });
  }

  /** Ends it; what was put into the outbox by then is delivered. Returns whether there was one. */
  async cancel(): Promise<boolean> {
    const was = this.#abort !== null;
    this.#abort?.abort();
    await this.#running;
    return was;
  }

  async #run(ready: ReadyRoute, wish: BackfillWish, signal: AbortSignal): Promise<void> {
    try {
      const found: SourceMessage[] = [];
      const { chats, topic = null } = ready.route.from;
      for (const chat of chats) found.push(...(await this.#fetch({ chat, topic }, wish, signal)));
      found.sort((a, b) => a.date - b.date || a.id - b.id);
      this.#take(ready, found.slice(-(lastOf(wish) ?? found.length)));
      this.#patch({ state: "done" });
    } catch (error) {
      this.#patch(
        signal.aborted
          ? { state: "cancelled" }
          : { state: "failed", reason: toError(error).message.slice(0, 300) },
      );
    }
  }

  /** Newest first, page after page, until there is enough. */
  async #fetch(
    from: TargetChat,
    wish: BackfillWish,
    signal: AbortSignal,
  ): Promise<SourceMessage[]> {
    const { chat: ref, topic } = from;
    const chat = this.#deps.idOf(ref);
    if (chat === null) throw new AppError("unknown-chat", `This account does not know ${ref}.`);
    const found: SourceMessage[] = [];
    const most = lastOf(wish) ?? MOST;
    for (let before = 0; found.length < most; ) {
      signal.throwIfAborted();
      const page = await this.#page(
        { chat, topic },
        before,
        Math.min(PAGE, most - found.length),
        signal,
      );
      const wanted = "since" in wish ? page.filter(({ date }) => date >= wish.since) : page;
      found.push(...wanted);
      this.#patch({ fetched: (this.#status?.fetched ?? 0) + wanted.length });
      const oldest = page.at(-1);
      if (!oldest || wanted.length < page.length) break;
      before = oldest.id;
      await sleep(PACE_MS, signal);
    }
    return found;
  }

  /** A wait that Telegram asks for is kept, in full and a second more. */
  async #page(
    from: TargetChat,
    before: number,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly SourceMessage[]> {
    for (;;) {
      try {
        return await this.#deps.telegram.history(from, before, limit);
      } catch (error) {
        const { waitS } = classify(error);
        if (waitS === undefined) throw error;
        const waitMs = (waitS + 1) * 1000;
        this.#patch({ waitsUntil: this.#deps.now() + waitMs });
        await sleep(waitMs, signal);
        this.#patch({ waitsUntil: null });
      }
    }
  }

  /** Oldest first, so that the order in the target is the order of the source. */
  #take(ready: ReadyRoute, messages: readonly SourceMessage[]): void {
    const { store, intake, wake } = this.#deps;
    const { rows, known } = intake.backfilled(ready, messages);
    this.#patch({ taken: store.relay.outbox.take([], rows, []), known });
    wake();
  }

  #patch(change: Partial<BackfillStatus>): void {
    if (this.#status) this.#status = { ...this.#status, ...change };
  }
}

/** How many messages are wanted at most; null = all since a time. */
function lastOf(wish: BackfillWish): number | null {
  return "last" in wish ? Math.min(wish.last, MOST) : null;
}
