import type { UnknownChat } from "@flotilla/contracts";
import type { RelayTelegram } from "./ports.ts";
import type { RouteBook } from "./route-book.ts";

/**
 * Which sources are no chat of the account. Nothing is said of one before Telegram was asked (field
 * fault B11).
 */
export class UnknownChats {
  readonly #book: RouteBook;
  readonly #telegram: Pick<RelayTelegram, "resolve" | "learnChats">;
  /** Names that nothing has, when Telegram was last asked. */
  #nameless: ReadonlySet<string> = new Set();
  /**
   * `some`: the account has more chats than were asked for, so that a number may be one of those.
   */
  #chats: "not-asked" | "some" | "all" = "not-asked";

  constructor(book: RouteBook, telegram: Pick<RelayTelegram, "resolve" | "learnChats">) {
    this.#book = book;
    this.#telegram = telegram;
  }

  /** Of the routes that are on, by what was asked so far. */
  known(): UnknownChat[] {
    const nameless = this.#book.unknown().filter((ref) => this.#nameless.has(ref));
    return [
      ...nameless.map((ref) => ({ ref, meant: null })),
      ...this.#wrongNumbers(this.#book.sources()),
    ];
  }

  /**
   * Asks Telegram about the sources of all routes. What it does not answer is asked for at the next
   * connection.
   */
  async learn(): Promise<void> {
    const nameless = await this.#ask(this.#book.unknown()).catch(() => []);
    this.#nameless = new Set(nameless);
    await this.#learnNumbers(this.#book.sources()).catch(() => {});
  }

  /** Asks Telegram about these. Throws what it answered. */
  async find(refs: readonly string[]): Promise<UnknownChat[]> {
    const names = refs.filter((ref) => ref.startsWith("@") && this.#book.idOf(ref) === null);
    const nameless = await this.#ask(names);
    await this.#learnNumbers(refs);
    return [...nameless.map((ref) => ({ ref, meant: null })), ...this.#wrongNumbers(refs)];
  }

  async #ask(names: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const ref of names) if ((await this.#telegram.resolve(ref)) === null) found.push(ref);
    return found;
  }

  async #learnNumbers(refs: readonly string[]): Promise<void> {
    if (this.#book.misnumbered(refs).length > 0)
      this.#chats = (await this.#telegram.learnChats()) ? "all" : "some";
  }

  #wrongNumbers(refs: readonly string[]): UnknownChat[] {
    if (this.#chats === "not-asked") return [];
    return this.#book
      .misnumbered(refs)
      .filter(({ meant }) => meant !== null || this.#chats === "all");
  }
}
