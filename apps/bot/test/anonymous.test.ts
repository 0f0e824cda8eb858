import { expect, test } from "vitest";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { GROUP, groupOf } from "./group.ts";
import { HOST, WORKER } from "./support.ts";

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  return fleet;
}

test(
  "an anonymous admin is told why nothing happens, where an owner opened the group; nowhere " +
    "else (field fault C9)",
  async () => {
    const { fleet, sent, write } = await groupOf(await withAnn());
    const answers: string[] = [];
    fleet.bot.api.config.use(async (previous, method, payload, signal) => {
      if (method !== "answerCallbackQuery") return await previous(method, payload, signal);
      answers.push((payload as { text?: string }).text ?? "");
      return { ok: true, result: true } as never;
    });
    const ANONYMOUS = 1_087_968_824;
    const asGroup = { sender_chat: { id: GROUP, type: "supergroup", title: "Night watch" } };
    const pressIn = async (from: number): Promise<void> => {
      const message = {
        message_id: 9,
        date: 1,
        chat: { id: GROUP, type: "supergroup", title: "Night watch" },
        text: "card",
      };
      const callback_query = {
        id: "1",
        from: { id: from, is_bot: true, first_name: "Group" },
        chat_instance: "1",
        data: "v1:stop:news_1:",
        message,
      };
      await fleet.bot.handleUpdate({ update_id: from + answers.length, callback_query } as never);
    };
    await write("/menu", asGroup, ANONYMOUS);
    await pressIn(ANONYMOUS);
    expect([sent, answers], "before it is opened").toEqual([[], []]);
    await write("/here");
    sent.length = 0;
    await pressIn(ANONYMOUS);
    expect(answers).toEqual([
      expect.stringMatching(/anonymous admin.*Turn off “Remain anonymous”/),
    ]);
    await write("/menu", asGroup, ANONYMOUS);
    await write("/stop news_1", asGroup, ANONYMOUS);
    expect(sent.map(({ text }) => text)).toEqual([answers[0], answers[0]]);
    await write("good evening", asGroup, ANONYMOUS);
    await write(
      "/menu",
      { sender_chat: { id: -100_555, type: "channel", title: "News" } },
      136_817_688,
    );
    await write("/menu", {}, 6666);
    await pressIn(6666);
    expect([sent.length, answers.length], "talk, channels and strangers").toEqual([2, 1]);
    expect(fleet.parts.commandLog.latest(WORKER), "nothing was asked").toBeNull();
  },
);
