/**
 * What the Bot API says of a token or of another program that has it, and how often it is asked
 * again (field fault A12).
 */
import { type Api, Bot } from "grammy";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Inbox } from "../src/app/inbox.ts";
import { startPolling } from "../src/app/poller.ts";
import { TOKEN } from "./chat.ts";
import { controlDb, NOW, silent } from "./support.ts";

const WEBHOOK =
  "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to " +
  "delete the webhook first";
const OTHER =
  "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A poll loop that is refused so, at each question, until `well`. */
async function refused(code: number, description: string) {
  const bot = new Bot(TOKEN, {
    botInfo: { id: 1, is_bot: true, first_name: "b", username: "b" } as never,
  });
  const calls: string[] = [];
  let isWell = false;
  bot.api.config.use((async (
    _call: unknown,
    method: string,
    _payload: unknown,
    signal?: AbortSignal,
  ) => {
    calls.push(method);
    if (method !== "getUpdates") return { ok: true, result: true };
    if (!isWell) return { ok: false, error_code: code, description };
    return await new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(new Error("stopped"))),
    );
  }) as Parameters<Api["config"]["use"]>[0]);
  const poller = startPolling({
    bot,
    inbox: new Inbox(await controlDb()),
    log: silent,
    now: () => NOW,
  });
  onTestFinished(() => poller.stop());
  const after = async (ms: number): Promise<number> => {
    await vi.advanceTimersByTimeAsync(ms);
    return calls.filter((method) => method === "getUpdates").length;
  };
  return { poller, calls, after, well: () => (isWell = true) };
}

describe("a token that is refused", () => {
  test.each([
    [401, "Unauthorized"],
    [404, "Not Found"],
  ])(
    "by a %i is asked for again after 5 s, then once a minute, for as long as it takes",
    async (code, description) => {
      const { poller, after, well } = await refused(code, description);
      expect(await after(0)).toBe(1);
      expect(poller.problem()?.kind).toBe("unauthorized");
      expect([await after(4_999), await after(1), await after(59_999), await after(1)]).toEqual([
        1, 2, 2, 3,
      ]);
      expect(await after(10 * 60_000)).toBe(13);
      well();
      await after(60_000);
      expect(await after(3_600_000), "the hold of a poll is the server's").toBe(14);
    },
  );
});

describe("another program with the token", () => {
  test("that polls is waited for, half a minute at a time", async () => {
    const { poller, calls, after } = await refused(409, OTHER);
    expect([await after(0), await after(29_999), await after(1), await after(30_000)]).toEqual([
      1, 1, 2, 3,
    ]);
    expect(poller.problem()?.kind).toBe("conflict");
    expect(calls).not.toContain("deleteWebhook");
  });

  test("that set a webhook loses it, and is told of as a conflict if it sets it again", async () => {
    const { poller, calls, after } = await refused(409, WEBHOOK);
    expect(await after(0)).toBe(1);
    expect(calls.at(-1)).toBe("deleteWebhook");
    expect([await after(5_000), await after(29_999), await after(1)]).toEqual([2, 2, 3]);
    expect(poller.problem()?.kind).toBe("conflict");
    expect(calls.filter((method) => method === "deleteWebhook")).toHaveLength(3);
  });
});

test("a server that is away is asked every second: it is heard as soon as it is back", async () => {
  const { poller, after } = await refused(502, "Bad Gateway");
  expect([await after(0), await after(1_000), await after(1_000)]).toEqual([1, 2, 3]);
  expect(poller.problem()?.kind).toBe("away");
});
