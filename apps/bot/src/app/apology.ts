import type { HostId } from "@flotilla/kernel";
import { AppError } from "@flotilla/kernel";
import type { Api } from "grammy";
import type { Update } from "grammy/types";
import type { AdminStore } from "../admins/admin-store.ts";
import { messageOf, placeOf } from "../kit/chat/target.ts";
import type { Words } from "../kit/words/words.ts";

interface Who {
  readonly admins: Pick<AdminStore, "role" | "all">;
  readonly wordsOf: (chat: string) => Words;
}

/** What is said, and where: a chat, or a topic of it. */
export interface Apology {
  readonly chat: string;
  readonly text: string;
}

/**
 * What an admin is told of a press or a text that failed, where it was; null for anyone else. Names
 * a full disk.
 */
export function apologyOf({
  admins,
  wordsOf,
}: Who): (update: Update, error: unknown) => Apology | null {
  return (update, error) => {
    const { callback_query: press, message, edited_message: edited } = update;
    const from = (press ?? message ?? edited)?.from?.id;
    const at = messageOf(update);
    if (from === undefined || at === undefined || admins.role(String(from)) === null) return null;
    const chat = placeOf(at);
    const full = error instanceof AppError && error.code === "sqlite-full";
    return { chat, text: wordsOf(chat).text(full ? "problem-disk-full" : "problem-unexpected") };
  };
}

/** Tells every admin of a full disk, without the database. */
export function tellDirectly(
  api: Api,
  { admins, wordsOf, host }: Who & { readonly host: HostId },
  detail: string,
): void {
  for (const { id } of admins.all()) {
    const text = wordsOf(id).text("alert-disk-direct", { host, detail });
    void api.sendMessage(id, text).catch(() => {});
  }
}
