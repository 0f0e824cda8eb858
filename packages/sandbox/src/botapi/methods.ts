import { z } from "zod";
import type { BotBackend } from "./backend.ts";
import { commandMethods } from "./methods-commands.ts";
import { editMethods } from "./methods-edit.ts";
import { GROUP_MEDIA_NAMES } from "./methods-group-media.ts";
import { infoMethods } from "./methods-info.ts";
import { removeMethods } from "./methods-remove.ts";
import { sendMethods } from "./methods-send.ts";
import { refusal } from "./model/refusal.ts";
import type { Params } from "./params.ts";

/**
 * One Bot API method: returns `result`, throws a refusal. `gone` aborts when the caller hung up.
 */
export type Method = (backend: BotBackend, params: Params, gone: AbortSignal) => unknown;

const typeList = z.array(z.string());

const queryMethods: Record<string, Method> = {
  getUpdates(backend, params, gone) {
    const limit = params.integer("limit") ?? 100;
    const allowed = typeList.optional().safeParse(params.json("allowed_updates"));
    if (!allowed.success)
      throw refusal(400, "can't parse allowed_updates: expected an Array of Strings");
    return backend.updates.poll({
      offset: params.integer("offset") ?? 0,
      limit: limit >= 1 && limit <= 100 ? limit : 100,
      timeoutS: params.integer("timeout") ?? 0,
      allowed: allowed.data,
      signal: gone,
    });
  },
  answerCallbackQuery(backend, params) {
    const callbackId = params.text("callback_query_id") ?? "";
    const answer = {
      text: params.text("text") ?? "",
      alert: params.flag("show_alert"),
      url: params.text("url") ?? null,
    };
    backend.callbacks.answer(callbackId, answer);
    return true;
  },
};

/** Only in groups, where {@link groupMethod} takes it. */
const forumMethods: Record<string, Method> = {
  createForumTopic: () => {
    throw refusal(400, "the chat is not a forum");
  },
};

/** What is modelled only there. */
const groupOnly: Record<string, Method> = Object.fromEntries(
  GROUP_MEDIA_NAMES.map((name) => [
    name,
    () => {
      throw refusal(400, `${name} is not modelled in private chats`);
    },
  ]),
);

const BY_LOWER_NAME = new Map(
  Object.entries({
    ...groupOnly,
    ...infoMethods,
    ...commandMethods,
    ...queryMethods,
    ...sendMethods,
    ...editMethods,
    ...removeMethods,
    ...forumMethods,
  }).map(([name, run]) => [name.toLowerCase(), { name, run }] as const),
);

/** Finds a method by its name in any case, as Telegram does. */
export function findMethod(name: string): { name: string; run: Method } | undefined {
  return BY_LOWER_NAME.get(name.toLowerCase());
}
