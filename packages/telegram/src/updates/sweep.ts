import type { EngineOptions } from "./engine-types.ts";
import type { Ledger } from "./ledger.ts";
import { ACCOUNT, type Dialog, type UpdateServer } from "./model.ts";
import type { Questions } from "./questions.ts";
import { lookKey, type Todo } from "./todo.ts";

/** A chat is quiet when it said nothing for so many times its rhythm, and at least for so long. */
const QUIET_TIMES = 5;
const QUIET_MIN_MS = 5 * 60_000;
/** So many quiet chats are asked for at once. */
const QUIET_BATCH = 20;

/**
 * The second look: compares what we have with the newest message that the server has of each chat. Finds what the stream
 * never said (Telegram delivers big channels late to clients that do not look at them) and mistakes of the engine itself.
 */
export class Sweep {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #server: UpdateServer;
  readonly #questions: Questions;
  readonly #todo: Todo;
  /** Quiet chats and when they were asked for last, monotonic. */
  readonly #asked = new Map<string, number>();
  /** Chats that were said to be deaf, with the message that was missing. */
  readonly #deaf = new Map<string, number>();

  constructor(parts: { ledger: Ledger; options: EngineOptions; server: UpdateServer; questions: Questions; todo: Todo }) {
    this.#ledger = parts.ledger;
    this.#options = parts.options;
    this.#server = parts.server;
    this.#questions = parts.questions;
    this.#todo = parts.todo;
  }

  /** Compares all chats. Returns how many messages it brought that nothing else had. Rejects as `Questions.ask`. */
  async all(): Promise<number> {
    return await this.#guarded(async () => {
      const dialogs: Dialog[] = [];
      for await (const page of this.#questions.backfill.dialogPages()) dialogs.push(...page);
      return await this.#compare(dialogs);
    });
  }

  /** Asks for the chats that are quieter than they use to be, before anybody is alarmed. Returns as {@link Sweep.all}. */
  async quiet(): Promise<number> {
    const now = this.#options.clock.now();
    const quiet = this.#options.table.sources
      .all()
      .filter(({ closed, rhythmMs, lastMessageAt, chat }) => {
        if (closed !== null || rhythmMs === null) return false;
        const limit = Math.max(QUIET_TIMES * rhythmMs, QUIET_MIN_MS);
        return now - Math.max(lastMessageAt, this.#asked.get(chat) ?? 0) > limit;
      })
      .slice(0, QUIET_BATCH)
      .map(({ chat }) => chat);
    if (quiet.length === 0) return 0;
    for (const chat of quiet) this.#asked.set(chat, now);
    return await this.#guarded(async () => await this.#compare(await this.#server.dialogsOf(quiet)));
  }

  async #compare(dialogs: readonly Dialog[]): Promise<number> {
    const before = this.#ledger.recovered;
    const suspects = dialogs.filter((dialog) => this.#isBehind(dialog));
    for (const { box } of suspects) {
      const isNew = box !== ACCOUNT && this.#ledger.channel(box) === undefined;
      this.#todo.add([isNew ? lookKey(box) : box]);
    }
    while (this.#questions.isDue()) await this.#questions.ask();
    for (const dialog of suspects) if (!this.#hasTop(dialog) && !this.#isWaiting(dialog)) await this.#insist(dialog);
    return this.#ledger.recovered - before;
  }

  /** The difference did not bring it: the chat itself has to. */
  async #insist({ chat, topId, topDate }: Dialog): Promise<void> {
    await this.#questions.backfill.newer(chat);
    if (this.#hasTop({ chat, topId })) return;
    const known = this.#options.table.sources.get(chat);
    if (!known) this.#ledger.commit({ baselines: [{ chat, box: ACCOUNT, topId, topDate, pts: null }] }, "asked");
    else if (this.#deaf.get(chat) !== topId && known.closed === null) {
      this.#deaf.set(chat, topId);
      this.#options.on.trouble({ kind: "deaf", chat });
    }
  }

  /** It is known why it is behind: it is closed, or its turn comes later. */
  #isWaiting({ chat, box }: Dialog): boolean {
    return this.#todo.boxes.has(box) || (this.#options.table.sources.get(chat)?.closed ?? null) !== null;
  }

  #isBehind(dialog: Dialog): boolean {
    if (dialog.pts === null) return dialog.topId > 0 && !this.#hasTop(dialog);
    return dialog.pts > (this.#ledger.channel(dialog.box) ?? 0);
  }

  #hasTop({ chat, topId }: Pick<Dialog, "chat" | "topId">): boolean {
    return (this.#options.table.sources.get(chat)?.lastMessageId ?? 0) >= topId;
  }

  async #guarded(work: () => Promise<number>): Promise<number> {
    const before = this.#ledger.recovered;
    try {
      return await work();
    } catch (error) {
      const verdict = this.#options.judge(error);
      if (verdict.kind === "fatal") throw error;
      this.#options.log("warn", "the sweep was cut short", { verdict: verdict.kind });
      return this.#ledger.recovered - before;
    }
  }
}
