/** A command of the bot's menu. */
export interface BotCommand {
  command: string;
  description: string;
}

/** Where a list of commands holds. https://core.telegram.org/bots/api#botcommandscope */
export type CommandScope =
  | {
      readonly type:
        | "default"
        | "all_private_chats"
        | "all_group_chats"
        | "all_chat_administrators";
    }
  | { readonly type: "chat" | "chat_administrators"; readonly chat: number }
  | { readonly type: "chat_member"; readonly chat: number; readonly user: number };

/**
 * The lists of menu commands, one for each scope and language. The language is two letters, or ""
 * for everybody else.
 */
export class CommandBook {
  readonly #lists = new Map<string, readonly BotCommand[]>();

  /** An empty list takes the scope's away, as {@link delete}. */
  set(scope: CommandScope, language: string, commands: readonly BotCommand[]): void {
    if (commands.length === 0) this.delete(scope, language);
    else this.#lists.set(keyOf(scope, language), commands);
  }

  /** Exactly this list: nothing is looked for in wider scopes. */
  get(scope: CommandScope, language: string): readonly BotCommand[] {
    return this.#lists.get(keyOf(scope, language)) ?? [];
  }

  delete(scope: CommandScope, language: string): void {
    this.#lists.delete(keyOf(scope, language));
  }

  /**
   * What a user sees in the private chat: the list of the narrowest scope that has one, in their
   * language before the one for everybody. `languageCode` is an IETF tag.
   * https://core.telegram.org/bots/api#determining-list-of-commands
   */
  inPrivateChat(chat: number, languageCode: string): readonly BotCommand[] {
    const language = languageCode.toLowerCase().split("-")[0] ?? "";
    const scopes: readonly CommandScope[] = [
      { type: "chat", chat },
      { type: "all_private_chats" },
      { type: "default" },
    ];
    for (const scope of scopes)
      for (const each of [language, ""]) {
        const list = this.#lists.get(keyOf(scope, each));
        if (list) return list;
      }
    return [];
  }

  clear(): void {
    this.#lists.clear();
  }

  save(): [string, BotCommand[]][] {
    return [...this.#lists].map(([key, list]) => [key, [...list]]);
  }

  restore(lists: readonly [string, BotCommand[]][]): void {
    for (const [key, list] of lists) this.#lists.set(key, list);
  }
}

/** `default`, `chat:<id>`, `chat_member:<id>:<user>`; with a language `default@ru`. */
function keyOf(scope: CommandScope, language: string): string {
  const of = [
    scope.type,
    ...("chat" in scope ? [scope.chat] : []),
    ...("user" in scope ? [scope.user] : []),
  ].join(":");
  return language === "" ? of : `${of}@${language}`;
}
