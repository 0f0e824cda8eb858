import type { HostId } from "@flotilla/kernel";
import { AppError } from "@flotilla/kernel";
import type { Api } from "grammy";
import type { Update } from "grammy/types";
import type { AdminStore } from "../store/admins.ts";
import type { Words } from "../words/words.ts";

interface Who {
  readonly admins: Pick<AdminStore, "role" | "all">;
  readonly wordsOf: (chat: string) => Words;
}

/** What an admin is told of a press or a text that failed; null for anyone else. Names a full disk. */
export function apologyOf({ admins, wordsOf }: Who): (update: Update, error: unknown) => string | null {
  return ({ callback_query: press, message }, error) => {
    const from = press?.from.id ?? message?.from?.id;
    const chat = press?.message?.chat.id ?? message?.chat.id;
    if (from === undefined || chat === undefined || admins.role(String(from)) === null) return null;
    const full = error instanceof AppError && error.code === "sqlite-full";
    return wordsOf(String(chat)).text(full ? "problem-disk-full" : "problem-unexpected");
  };
}

/** Tells every admin of a full disk, without the database. */
export function tellDirectly(api: Api, { admins, wordsOf, host }: Who & { readonly host: HostId }, detail: string): void {
  for (const { id } of admins.all()) {
    const text = wordsOf(id).text("alert-disk-direct", { host, detail });
    void api.sendMessage(id, text).catch(() => {});
  }
}
