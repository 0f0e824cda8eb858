import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { parseWorkerId } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { type Fleet, type Shown, startFleet } from "./chat.ts";
import { HOST } from "./support.ts";

/**
 * What the bot does one after the other: commits to its database, calls of the Bot API, questions
 * to Redis.
 */
async function watched(fleet: Fleet): Promise<string[]> {
  const seen: string[] = [];
  const { db, bot } = fleet;
  let inside = false;
  const write = db.write.bind(db);
  db.write = (sql, params) => {
    if (!inside) seen.push("commit");
    return write(sql, params);
  };
  const transaction = db.transaction.bind(db) as <T>(work: () => T) => T;
  db.transaction = <T>(...args: [work: () => T] | [name: string, work: () => T]): T => {
    if (inside) return transaction(args.length === 2 ? args[1] : args[0]);
    seen.push("commit");
    inside = true;
    try {
      return transaction(args.length === 2 ? args[1] : args[0]);
    } finally {
      inside = false;
    }
  };
  bot.api.config.use(async (previous, method, payload, signal) => {
    if (method !== "getUpdates") seen.push(method);
    return await previous(method, payload, signal);
  });
  const { hostname, port, pathname } = new URL(fleet.redisUrl);
  const ours = ` [${pathname.slice(1)} `;
  const monitor = connect(Number(port), hostname);
  onTestFinished(() => void monitor.destroy());
  monitor.write("MONITOR\r\n");
  const lines = createInterface({ input: monitor });
  lines.on("line", (line) => {
    // Commands that a script gives are inside of it, and cost no way there and back.
    if (
      line.includes(ours) &&
      !/ lua\]/.test(line) &&
      !/"(bzpopmin|ping|info|client|hello)"/i.test(line)
    )
      seen.push(`redis ${/"(\w+)"/.exec(line)?.[1] ?? ""}`);
  });
  await once(lines, "line");
  return seen;
}

/** What one tap does; Redis tells later of its `questions`. */
async function tap(
  fleet: Fleet,
  seen: string[],
  data: string,
  questions: number,
): Promise<string[]> {
  const shows = ({ from, keyboard }: Shown): boolean =>
    from === "bot" && keyboard.flat().some((button) => button.callback_data === data);
  const message = await waitFor(async () => (await fleet.shown(777)).findLast(shows), {
    what: `a button of ${data}`,
  });
  const before = seen.length;
  await fleet.post("/chat/press", { messageId: message.id, data });
  await waitFor(
    async () =>
      (await fleet.bot.api.getWebhookInfo()).pending_update_count === 0 &&
      fleet.parts.inbox.left().length === 0,
    {
      what: "the press to be done",
    },
  );
  const steps = (): string[] => seen.slice(before).filter((step) => step !== "getWebhookInfo");
  await waitFor(() => steps().filter((step) => step.startsWith("redis")).length >= questions, {
    what: `what Redis was asked for ${data}`,
  });
  return steps();
}

test(
  "a tap waits for one commit before it is answered, a command for one more and two ways to " +
    "Redis (what time it is there, and the command); the card for one look at the board and at " +
    "what time it is there",
  async () => {
    const fleet = await startFleet();
    for (const name of ["news_1", "news_2"])
      fleet.parts.workers.add(parseWorkerId(name), HOST, "777", 1);
    await fleet.poll();
    await fleet.post("/chat/start", { user: 777, firstName: "Ann" });
    await fleet.waitForBot(777, "Fleet");
    const seen = await watched(fleet);
    const before = (steps: string[], what: string): string[] =>
      steps.slice(0, steps.indexOf(what)).filter((step) => !step.startsWith("redis"));
    const redis = (steps: string[]): string[] =>
      steps.filter((step) => step.startsWith("redis")).sort();
    for (const data of ["v1:health::", "v1:menu::", "v1:workers::", "v1:worker:news_1:"]) {
      const steps = await tap(fleet, seen, data, 2);
      expect(before(steps, "answerCallbackQuery"), data).toEqual(["commit"]);
      expect(before(steps, "editMessageText"), data).toEqual(["commit", "answerCallbackQuery"]);
      expect(redis(steps), data).toEqual(["redis hgetall", "redis time"]);
    }
    // The first command makes the queue.
    await tap(fleet, seen, "v1:start:news_1:", 4);
    await tap(fleet, seen, "v1:workers::", 2);
    await tap(fleet, seen, "v1:worker:news_2:", 2);
    const steps = await tap(fleet, seen, "v1:start:news_2:", 4);
    expect(before(steps, "answerCallbackQuery")).toEqual(["commit", "commit"]);
    expect(redis(steps)).toEqual(["redis evalsha", "redis hgetall", "redis time", "redis time"]);
  },
);
