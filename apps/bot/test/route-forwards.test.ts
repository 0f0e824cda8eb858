/**
 * A message that is forwarded to the route wizard stands for the chat that it is from (field fault
 * A10).
 */
import type { MessageOrigin, Update } from "grammy/types";
import { expect, test } from "vitest";
import { meet, startFleet } from "./chat.ts";
import { ANN, HOST, WORKER } from "./support.ts";

const date = 1;
const user = (id: number): MessageOrigin => ({
  type: "user",
  date,
  sender_user: { id, is_bot: false, first_name: "x" },
});

test.each<[string, MessageOrigin, string | null]>([
  ["Telegram's own account", user(777_000), "route-problem-service-chat"],
  ["the account of verification codes", user(489_000), "route-problem-service-chat"],
  [
    "a user who hides their account",
    { type: "hidden_user", date, sender_user_name: "Eve" },
    "rwiz-bad-chat",
  ],
  [
    "a channel",
    {
      type: "channel",
      date,
      message_id: 5,
      chat: { id: -1_001_234_567_890, type: "channel", title: "c" },
    },
    null,
  ],
])("from %s", async (_, origin, problem) => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const { parts, bot } = fleet;
  parts.workers.add(WORKER, HOST, "777", 1);
  parts.routeWizard.begin(ANN, WORKER);
  const by = { admin: ANN, asker: { id: "777", name: "Ann" }, id: "press-0000000001", chat: "777" };
  await parts.routeWizard.press(by, "name", "take");
  parts.admins.expect(ANN, "rwiz");
  const send = async (id: number, part: object): Promise<void> => {
    const chat = { id: 777, type: "private", first_name: "Ann" };
    const message = {
      message_id: id,
      date,
      chat,
      from: { id: 777, is_bot: false, first_name: "Ann" },
      ...part,
    };
    await bot.handleUpdate({ update_id: id, message } as unknown as Update);
  };
  await send(50, { text: "Login code: 12345. Do not give it to anyone.", forward_origin: origin });
  expect(parts.routeWizard.of(ANN)).toMatchObject({
    step: "chats",
    problem: problem === null ? null : { key: problem },
  });
  await send(51, { photo: [{ file_id: "x" }], forward_origin: origin });
  expect(parts.routeWizard.of(ANN)?.chats.map(({ ref }) => ref)).toEqual(
    problem === null ? ["-1001234567890"] : [],
  );
});
