import { describe, expect, onTestFinished, test, vi } from "vitest";
import { UpdateQueue } from "../../src/botapi/updates.ts";
import { MovableClock } from "../../src/world/clock.ts";
import type { BotApiHarness } from "./harness.ts";
import { startBotApi, until } from "./harness.ts";

interface Update {
  update_id: number;
  message?: { text: string };
  callback_query?: { id: string };
}

async function updates(api: BotApiHarness, body: object = {}): Promise<Update[]> {
  const answer = await api.call("getUpdates", body);
  if (!answer.ok) throw new Error(answer.description);
  return answer.result as Update[];
}

/**
 * Update ids are checked against each other, so a poll that is not about timing uses its own offset
 * every time.
 */
const texts = (list: Update[]): (string | undefined)[] =>
  list.map((update) => update.message?.text);

describe("getUpdates", () => {
  test("is held until an update comes", async () => {
    await using api = await startBotApi();
    const held = updates(api, { timeout: 30 });
    await until(() => api.backend.journal.counters().getUpdates === 1);
    api.admin.sendText("wake up");
    expect(texts(await held)).toEqual(["wake up"]);
  });

  test("confirms what lies before the offset, for good", async () => {
    await using api = await startBotApi();
    for (const text of ["one", "two", "three"]) api.admin.sendText(text);
    const all = await updates(api);
    expect(texts(all)).toEqual(["one", "two", "three"]);
    expect(texts(await updates(api, { offset: (all[0]?.update_id ?? 0) + 1 }))).toEqual([
      "two",
      "three",
    ]);
    expect(texts(await updates(api, { offset: -1 }))).toEqual(["three"]);
    expect(api.backend.updates.pending).toBe(1);
  });

  test(
    "gives at most `limit`, and one at a time to a poller that repeats itself within half a " +
      "second",
    async () => {
      vi.useFakeTimers({ toFake: ["performance"] });
      onTestFinished(() => void vi.useRealTimers());
      const queue = new UpdateQueue(new MovableClock());
      for (let n = 0; n < 5; n++) queue.push({ kind: "message", payload: {} });
      const poll = (limit: number): Promise<object[]> =>
        queue.poll({
          offset: 0,
          limit,
          timeoutS: 0,
          allowed: undefined,
          signal: AbortSignal.timeout(60_000),
        });
      expect(await poll(3)).toHaveLength(3);
      vi.advanceTimersByTime(499);
      expect(await poll(100)).toHaveLength(1);
      vi.advanceTimersByTime(500);
      expect(await poll(100)).toHaveLength(5);
    },
  );

  test("lets in only the allowed types, and remembers the list", async () => {
    await using api = await startBotApi();
    await updates(api, { allowed_updates: ["callback_query"], offset: -2 });
    api.admin.sendText("not wanted");
    const { message_id } = (
      await api.call("sendMessage", {
        chat_id: 777,
        text: "menu",
        reply_markup: { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] },
      })
    ).result as { message_id: number };
    api.admin.press({ messageId: message_id, data: "go" });
    const seen = await updates(api, { offset: -3 });
    expect(seen.map((update) => Object.keys(update)[1])).toEqual(["callback_query"]);
  });

  test("tells the first poller 409 when a second one comes", async () => {
    await using api = await startBotApi();
    const first = api.call("getUpdates", { timeout: 30 });
    await until(() => api.backend.journal.counters().getUpdates === 1);
    const second = updates(api, { timeout: 30, offset: 1 });
    expect(await first).toEqual({
      ok: false,
      error_code: 409,
      description:
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    });
    api.admin.sendText("for the second");
    expect(texts(await second)).toEqual(["for the second"]);
  });

  test("stops grammY's first bot with 409 and feeds the second", async () => {
    await using api = await startBotApi();
    const [one, two] = [api.bot(), api.bot()];
    const first = one.start();
    const refused = expect(first).rejects.toThrow(
      /409: Conflict: terminated by other getUpdates request/,
    );
    await until(() => api.backend.journal.counters().getUpdates === 1);
    const seen: string[] = [];
    two.on("message:text", (ctx) => void seen.push(ctx.msg.text));
    const second = two.start();
    await refused;
    api.admin.sendText("still there");
    await until(() => seen.includes("still there"));
    await two.stop();
    await second;
  });

  test("does not lose an update to a poller that hung up", async () => {
    await using api = await startBotApi();
    const hangUp = new AbortController();
    const gone = fetch(`${api.url}/bot${api.backend.bot.token}/getUpdates?timeout=30`, {
      signal: hangUp.signal,
    });
    await until(() => api.backend.journal.counters().getUpdates === 1);
    hangUp.abort();
    await expect(gone).rejects.toThrow();
    api.admin.sendText("kept");
    expect(texts(await updates(api, { offset: 1 }))).toEqual(["kept"]);
  });

  test("keeps updates for 24 hours and button presses for 150 seconds", async () => {
    await using api = await startBotApi();
    api.admin.sendText("hello");
    await api.call("sendMessage", {
      chat_id: 777,
      text: "menu",
      reply_markup: { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] },
    });
    api.admin.press({ label: "Go" });
    api.clock.advance(100_000);
    expect(api.backend.updates.pending).toBe(2);
    api.clock.advance(50_000);
    expect(texts(await updates(api))).toEqual(["hello"]);
    api.clock.advance(24 * 3600_000);
    expect(api.backend.updates.pending).toBe(0);
  });

  test("never gives an update id twice, not even after a reset or a restored state", async () => {
    await using api = await startBotApi();
    api.admin.sendText("before");
    const before = (await updates(api))[0]?.update_id ?? 0;
    api.backend.reset();
    api.admin.sendText("after");
    expect((await updates(api, { offset: 1 }))[0]?.update_id).toBe(before + 1);
    const saved = structuredClone(api.backend.save());
    await using other = await startBotApi();
    other.backend.restore(saved);
    other.backend.updates.push({ kind: "message", payload: {} });
    const ids = (await updates(other)).map((update) => update.update_id);
    expect(ids.at(-1)).toBeGreaterThan(before + 1);
  });

  test("can lose a press or an update on request, and only that many", async () => {
    await using api = await startBotApi();
    api.admin.sendText("menu please");
    await api.call("sendMessage", {
      chat_id: 777,
      text: "menu",
      reply_markup: { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] },
    });
    api.backend.updates.lose("callbacks", 1);
    api.admin.press({ label: "Go" });
    api.backend.updates.lose("updates", 1);
    api.admin.sendText("lost");
    api.admin.sendText("heard");
    expect(texts(await updates(api))).toEqual(["menu please", "heard"]);
  });
});
