import type { Fleet } from "./chat.ts";

/** A group with its bot, which the local Telegram does not have. */
export const GROUP = -100_123;

/** Takes what goes to the group, which the local Telegram does not have. */
export async function groupOf(fleet: Fleet) {
  const sent: { method: string; text: string; thread: unknown }[] = [];
  fleet.bot.api.config.use(async (previous, method, payload, signal) => {
    const call = payload as { chat_id?: unknown; text?: string; message_thread_id?: unknown };
    if (String(call.chat_id) !== String(GROUP)) return await previous(method, payload, signal);
    sent.push({ method, text: call.text ?? "", thread: call.message_thread_id });
    const result = {
      message_id: 1000 + sent.length,
      date: 1,
      chat: { id: GROUP, type: "supergroup" },
    };
    return { ok: true, result } as unknown as Awaited<ReturnType<typeof previous>>;
  });
  let id = 50_000;
  const write = async (text: string, more: object = {}, from = 777): Promise<void> => {
    const entities = [{ type: "bot_command", offset: 0, length: text.split(" ")[0]?.length ?? 0 }];
    const chat = { id: GROUP, type: "supergroup", title: "Night watch" };
    const message = {
      message_id: ++id,
      date: 1,
      chat,
      from: { id: from, is_bot: false, first_name: "Ann" },
      text,
      entities,
      ...more,
    };
    await fleet.bot.handleUpdate({ update_id: ++id, message } as never);
  };
  return { fleet, sent, write };
}
