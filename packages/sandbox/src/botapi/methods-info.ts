import type { BotBackend } from "./backend.ts";
import type { Method } from "./methods.ts";
import { refusal } from "./model/refusal.ts";
import type { Params } from "./params.ts";
import { botView, chatView, fileView, userView } from "./views.ts";

/**
 * Who am I, who is that, files, webhook state. https://core.telegram.org/bots/api#available-methods
 */
export const infoMethods: Record<string, Method> = {
  getMe: (backend) => ({
    ...botView(backend.bot),
    ...{ can_join_groups: true, can_read_all_group_messages: false, supports_guest_queries: false },
    ...{ supports_inline_queries: false, can_connect_to_business: false, has_main_web_app: false },
    ...{
      has_topics_enabled: false,
      allows_users_to_create_topics: false,
      can_manage_bots: false,
      supports_join_request_queries: false,
    },
  }),
  getChat(backend, params) {
    const chat = known(backend, params);
    const pinned = backend.chats.message(chat, chat.pinned.at(-1));
    return {
      ...chatView(chat),
      ...{ accent_color_id: chat.user.id % 7, max_reaction_count: 11 },
      accepted_gift_types: {
        unlimited_gifts: false,
        limited_gifts: false,
        unique_gifts: false,
        premium_subscription: false,
      },
      ...(pinned === undefined ? {} : { pinned_message: backend.view(chat, pinned) }),
    };
  },
  getChatMember(backend, params) {
    const chat = known(backend, params);
    const userId = params.integer("user_id");
    if (userId === backend.bot.id) return { user: botView(backend.bot), status: "member" };
    if (userId !== chat.user.id) throw refusal(400, "member not found");
    return { user: userView(chat.user), status: "member" };
  },
  getFile(backend, params) {
    const file = backend.files.downloadable(params.text("file_id") ?? "");
    return { ...fileView(file), file_path: file.path };
  },
  deleteWebhook(backend, params) {
    if (params.flag("drop_pending_updates")) backend.updates.clear();
    return true;
  },
  getWebhookInfo: (backend) => ({
    url: "",
    has_custom_certificate: false,
    pending_update_count: backend.updates.pending,
  }),
  setWebhook(backend, params) {
    if ((params.text("url") ?? "") !== "")
      throw refusal(400, "bad webhook: the sandbox delivers updates by getUpdates only");
    if (params.flag("drop_pending_updates")) backend.updates.clear();
    return true;
  },
};

function known(backend: BotBackend, params: Params) {
  const chat = backend.chats.find(params.integer("chat_id") ?? 0);
  if (chat === undefined || !chat.started) throw refusal(400, "chat not found");
  return chat;
}
