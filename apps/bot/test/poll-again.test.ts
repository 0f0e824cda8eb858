/**
 * When the Bot API is well again the bot hears at once, and no tap stays without an answer (field
 * fault K14).
 */
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { createBot, registerRoutes } from "../src/app/bot.ts";
import { startPolling } from "../src/app/poller.ts";
import { type Fleet, meet, startFleet, TOKEN } from "./chat.ts";
import { crashBody, silent } from "./support.ts";

/** The real client, with its retries. */
async function polling(): Promise<Fleet & { polls: () => number }> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const bot = createBot(TOKEN, fleet.sandbox.botApiRoot);
  let polls = 0;
  bot.api.config.use((call, method, payload, signal) => {
    if (method === "getUpdates") polls += 1;
    return call(method, payload, signal);
  });
  await bot.init();
  registerRoutes(bot, { ...fleet.parts, log: silent });
  const poller = startPolling({
    bot,
    inbox: fleet.parts.inbox,
    log: silent,
    now: () => Date.now(),
  });
  onTestFinished(() => poller.stop());
  return { ...fleet, polls: () => polls };
}

test.each([
  ["502", { code: 502 }, 3],
  ["500", { code: 500 }, 3],
  ["429", { code: 429, retryAfter: 1 }, 2],
])(
  "after a %s the next poll comes within a second or so, however long it lasted",
  async (_code, error, failures) => {
    const fleet = await polling();
    await fleet.post("/faults/bot", { method: "getUpdates", times: 1000, error });
    await fleet.post("/chat/text", { user: 777, text: "/menu" });
    const before = fleet.polls();
    await waitFor(() => fleet.polls() >= before + failures, { what: "polls that fail" });
    await fleet.post("/faults/heal", {});
    const healedAt = performance.now();
    await fleet.post("/chat/text", { user: 777, text: "/health" });
    await fleet.waitForBot(777, /Health/);
    expect(performance.now() - healedAt).toBeLessThan(4000);
  },
);

test("a tap that can no longer be answered has its answer as a message", async () => {
  const fleet = await polling();
  fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "crashed");
  const description =
    "Bad Request: query is too old and response timeout expired or query ID is invalid";
  await fleet.post("/faults/bot", {
    method: "answerCallbackQuery",
    times: 1,
    error: { code: 400, description },
  });
  await fleet.post("/chat/press", { user: 777, label: "✋ I'll take it", waitMs: 0 });
  const { replyTo, text } = await fleet.waitForBot(777, "✋ It's yours");
  expect([text, replyTo]).toEqual(["✋ It's yours", null]);
});
