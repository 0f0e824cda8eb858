import { bareChannel } from "@flotilla/kernel";
import { ACCOUNT } from "../wire/box.ts";
import type { EngineOptions, EngineParts } from "./engine-types.ts";
import { reasonOf } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { Listening } from "./listening.ts";
import type { Dialog, Verdict } from "./model.ts";
import type { Questions } from "./questions.ts";
import { lookKey, type Todo } from "./todo.ts";

/** Quiet chats checked per request. */
const QUIET_BATCH = 20;

interface SweepParts extends EngineParts {
  readonly questions: Questions;
  readonly todo: Todo;
  readonly listening: Listening;
  /**
   * Milliseconds since the Unix epoch by Telegram's clock, as messages are dated: a host's clock
   * that jumps makes no chat quiet.
   */
  readonly telegramNow: () => number;
}

/**
 * The second check: compares the stored messages with the newest message of each chat at the
 * server. Finds what the stream never delivered (Telegram delivers big channels late to clients
 * that do not open them), and faults of the engine itself.
 */
export class Sweep {
  readonly #ledger: Ledger;
  readonly #options: EngineOptions;
  readonly #questions: Questions;
  readonly #todo: Todo;
  readonly #listening: Listening;
  readonly #telegramNow: () => number;
  /** Chats reported as deaf, with the missing message. */
  readonly #deaf = new Map<string, number>();

  constructor(parts: SweepParts) {
    this.#ledger = parts.ledger;
    this.#options = parts.options;
    this.#questions = parts.questions;
    this.#todo = parts.todo;
    this.#listening = parts.listening;
    this.#telegramNow = parts.telegramNow;
  }

  /**
   * Compares all chats. Returns the number of messages that only it found. Rejects as
   * `Questions.ask`.
   */
  async all(): Promise<number> {
    return await this.#guarded(async () => {
      const dialogs: Dialog[] = [];
      for await (const page of this.#questions.backfill.dialogPages()) dialogs.push(...page);
      return await this.#compare(dialogs);
    });
  }

  /**
   * Checks the chats that are quieter than usual, before an alert is sent. Returns as {@link
   * Sweep.all}.
   */
  async quiet(): Promise<number> {
    const { table, wants, on } = this.#options;
    const now = this.#telegramNow();
    const due = table.sources.all().filter((row) => this.#listening.isDue(row, now));
    const asked = due.slice(0, QUIET_BATCH);
    const chats = asked.map(({ chat }) => chat);
    this.#listening.asking(chats, now);
    const unheard = new Set(chats);
    const compare = async (): Promise<number> => {
      const dialogs = await this.#dialogsOf(chats);
      const listed = new Set(dialogs.map(({ chat }) => chat));
      // A chat that the server does not list no longer belongs to the account.
      for (const chat of chats) if (!listed.has(chat)) unheard.delete(chat);
      for (const chat of chats)
        if (!listed.has(chat) && bareChannel(chat) !== null)
          this.#ledger.close(chat, "CHANNEL_PRIVATE");
      return await this.#compare(dialogs, unheard);
    };
    const found = chats.length === 0 ? 0 : await this.#guarded(compare);
    this.#listening.unheard(unheard);
    for (const before of asked.filter(({ chat }) => wants(chat) && !unheard.has(chat))) {
      if (table.sources.get(before.chat)?.closed) continue;
      const { chat, lastMessageId } = before;
      const came = table.countAfter(chat, lastMessageId);
      if (this.#listening.heard(before, table.sources.get(chat), came, now))
        on.trouble({ kind: "quiet", chat, found: came });
    }
    if (due.length <= QUIET_BATCH) this.#listening.checked(now);
    return found;
  }

  /**
   * A closed chat does not block the others: a refused request is split in halves until the chat is
   * isolated.
   */
  async #dialogsOf(chats: readonly string[]): Promise<readonly Dialog[]> {
    const { backfill } = this.#questions;
    try {
      return await backfill.dialogsOf(chats);
    } catch (error) {
      const verdict = this.#options.judge(error);
      const [only, ...others] = chats;
      if (
        only === undefined ||
        verdict.kind === "fatal" ||
        verdict.kind === "later" ||
        verdict.kind === "stale"
      )
        throw error;
      if (others.length === 0) {
        this.#close(only, verdict);
        return [];
      }
      const half = chats.length >> 1;
      await backfill.pace();
      const first = await this.#dialogsOf(chats.slice(0, half));
      await backfill.pace();
      return [...first, ...(await this.#dialogsOf(chats.slice(half)))];
    }
  }

  #close(chat: string, verdict: Verdict): void {
    this.#ledger.close(chat, reasonOf(verdict));
  }

  /** Removes from `unheard` the chats whose check got an answer. */
  async #compare(dialogs: readonly Dialog[], unheard = new Set<string>()): Promise<number> {
    const before = this.#ledger.recovered;
    const suspects = dialogs.filter((dialog) => this.#isBehind(dialog));
    for (const { box } of suspects) {
      const isNew = box !== ACCOUNT && this.#ledger.channel(box) === undefined;
      this.#todo.add([isNew ? lookKey(box) : box]);
    }
    while (this.#questions.isDue()) await this.#questions.ask();
    for (const dialog of dialogs) {
      const isAnswered = !suspects.includes(dialog) || this.#hasTop(dialog);
      if (isAnswered || (!this.#isWaiting(dialog) && (await this.#insisted(dialog))))
        unheard.delete(dialog.chat);
    }
    return this.#ledger.recovered - before;
  }

  /** Whether the chat answered. A chat that refuses does not block the others. */
  async #insisted(dialog: Dialog): Promise<boolean> {
    try {
      await this.#insist(dialog);
      return true;
    } catch (error) {
      const verdict = this.#options.judge(error);
      if (verdict.kind === "fatal" || (verdict.kind === "later" && verdict.waitMs !== null))
        throw error;
      if (verdict.kind === "closed" || verdict.kind === "refused")
        this.#close(dialog.chat, verdict);
      this.#options.log("warn", "a chat could not be compared", {
        chat: dialog.chat,
        verdict: verdict.kind,
      });
      return false;
    }
  }

  /** Fetches from the chat itself what the difference did not bring. */
  async #insist({ chat, topId, topDate }: Dialog): Promise<void> {
    await this.#questions.backfill.newer(chat);
    if (this.#hasTop({ chat, topId })) return;
    const known = this.#options.table.sources.get(chat);
    if (!known)
      this.#ledger.commit(
        { baselines: [{ chat, box: ACCOUNT, topId, topDate, pts: null, joinedAt: 0 }] },
        "asked",
      );
    else if (this.#deaf.get(chat) !== topId && known.closed === null) {
      this.#deaf.set(chat, topId);
      this.#listening.withheld(known);
      this.#options.on.trouble({ kind: "deaf", chat });
    }
  }

  /** Whether it is behind for a known reason: it is closed, or its turn comes later. */
  #isWaiting({ chat, box }: Pick<Dialog, "chat" | "box">): boolean {
    return (
      this.#todo.boxes.has(box) || (this.#options.table.sources.get(chat)?.closed ?? null) !== null
    );
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
