/** Acts on many workers: who asked first, and how it went for each (field faults D4, K7, K8). */
import type { BulkAction, HostCommand, WorkerState } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { consumeHostCommands } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { bulkScreen } from "../src/workers/bulk.ts";
import type { BulkRow } from "../src/workers/bulk-store.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ALL_WORDS, ANN, BEN, EN, HOST, NOW, viewOf, workerView } from "./support.ts";
import { plainText } from "./telegram-html.ts";

async function twoAdmins(
  workers: readonly string[],
): Promise<{ fleet: Fleet; heard: HostCommand[] }> {
  const fleet = await startFleet();
  const heard: HostCommand[] = [];
  const handle = async (command: HostCommand): Promise<void> => void heard.push(command);
  const consumer = await consumeHostCommands(HOST, {
    place: fleet.place,
    handle,
    onError: () => {},
  });
  onTestFinished(() => consumer.close());
  for (const name of workers) fleet.parts.workers.add(parseWorkerId(name), HOST, "777", 1);
  await meet(fleet, 777, "Ann");
  await meet(fleet, 778, "Ben");
  await fleet.poll();
  await waitFor(() => fleet.parts.inbox.left().length === 0, { what: "both starts" });
  await fleet.waitForBot(777, "Fleet");
  await fleet.waitForBot(778, "Fleet");
  return { fleet, heard };
}

/** Both have the question before them, and confirm it at the same moment. */
async function bothConfirm(
  fleet: Fleet,
  what: BulkAction,
  tags: readonly [string, string] = ["", ""],
): Promise<string[]> {
  const at = Date.now();
  const users = [777, 778] as const;
  for (const [n, user] of users.entries())
    await fleet.parts.panels.replace(String(user), {
      kind: "confirm",
      what,
      worker: null,
      tag: tags[n] ?? "",
      at,
    });
  const data = `v1:yes::${Math.floor(at / 1000).toString(36)}`;
  const messages = await Promise.all(users.map((user) => fleet.waitForBot(user, /\?/)));
  const pressed = await Promise.all(
    users.map((user, n) =>
      fleet.post("/chat/press", { user, messageId: messages[n]?.id ?? 0, data }),
    ),
  );
  return pressed.map((each) => (each as { toast?: { text?: string } }).toast?.text ?? "");
}

const bulks = (heard: readonly HostCommand[]) => heard.filter((each) => each.kind === "bulk");

describe("two admins who confirm at the same moment", () => {
  test.each(["restart", "start", "stop", "maintenance"] as const)(
    "%s all: the second is told who asked",
    async (what) => {
      const { fleet, heard } = await twoAdmins(["news_1", "news_2"]);
      const toasts = await bothConfirm(fleet, what);
      expect(toasts.toSorted()).toEqual(
        [
          "⏳ Queued",
          expect.stringMatching(/^Already under way: (Ann|Ben) requested it/),
        ].toSorted(),
      );
      await waitFor(() => bulks(heard).length > 0, { what: "the command" });
      for (const user of [777, 778])
        await fleet.waitForBot(user, /Under way[\s\S]*requested by (Ann|Ben)/);
      expect(bulks(heard)).toHaveLength(1);
    },
  );

  test("of two scopes that overlap no worker is asked for twice", async () => {
    const { fleet, heard } = await twoAdmins(["news_1", "news_2", "sport"]);
    fleet.parts.workers.setTags(parseWorkerId("news_1"), ["eu"]);
    fleet.parts.workers.setTags(parseWorkerId("news_2"), ["eu"]);
    await bothConfirm(fleet, "restart", ["eu", ""]);
    await waitFor(() => bulks(heard).flatMap((each) => each.workers).length >= 3, {
      what: "all three",
    });
    expect(
      bulks(heard)
        .flatMap((each) => each.workers)
        .toSorted(),
    ).toEqual(["news_1", "news_2", "sport"]);
  });

  test("an act that is over, or of another kind, holds nothing up", async () => {
    const { fleet } = await twoAdmins(["news_1"]);
    const { bulks: store, bulk, workers } = fleet.parts;
    store.begin(
      { id: "one", action: "restart", workers: ["news_1"] },
      { id: ANN, name: "Ann" },
      [HOST],
      Date.now(),
    );
    expect(bulk.covering("stop", workers.all(), "two")).toBeNull();
    expect(bulk.covering("restart", workers.all(), "one"), "the same press again").toBeNull();
    expect(bulk.covering("restart", workers.all(), "two")).toMatchObject({ askerName: "Ann" });
    store.cancel("one");
    expect(bulk.covering("restart", workers.all(), "two"), "told to stop").toBeNull();
    store.begin(
      { id: "three", action: "restart", workers: ["news_1"] },
      { id: BEN, name: "Ben" },
      [HOST],
      Date.now(),
    );
    store.refused("three", HOST, ["news_1"], { code: "redis-away", message: "away" });
    expect(bulk.covering("restart", workers.all(), "two"), "over").toBeNull();
  });
});

describe("the summary", () => {
  const name = (state: string, n: number): string => `${state.toLowerCase().slice(0, 8)}_${n}`;
  const summary = (
    counts: Partial<Record<WorkerState, number>>,
    more: Partial<BulkRow> = {},
    words = EN,
  ) => {
    const workers = Object.entries(counts).flatMap(([state, count]) =>
      Array.from({ length: count }, (_, n) =>
        workerView(name(state, n), { state: state as WorkerState }),
      ),
    );
    const done = workers.map(({ id }) => id as string);
    const report = { phase: "done", over: true, done, failed: [], current: null };
    const row = {
      id: "b",
      action: "restart",
      askerId: "777",
      askerName: "Ann",
      askedAt: NOW,
      cancelled: false,
    } as const;
    const bulk = { ...row, total: done.length, workers: done, hosts: { [HOST]: report }, ...more };
    return plainText(bulkScreen(viewOf(workers, { words }), bulk).html);
  };

  test(
    "says by name who is done, who waits for a login and who is locked, with none of them " +
      "counted as done",
    () => {
      const text = summary({ RUNNING: 32, NEEDS_LOGIN: 25, LOCKED: 3 });
      expect(text).toContain("Ended: 32 done, 28 not OK, 0 untouched");
      expect(text).toMatch(/25 wait for a login: needs_lo_0, .*needs_lo_24/);
      expect(text).toMatch(/3 locked, session in use: locked_0, locked_1, locked_2/);
    },
  );

  test("of workers none of which has a login does not say that all is done", () => {
    const text = summary({ NEEDS_LOGIN: 24, RUNNING: 2 }, { action: "start" });
    expect(text).not.toContain("✅");
    expect(text).toContain("24 wait for a login");
  });

  test.each([
    ["STARTING", 1],
    ["RECONNECTING", 20],
  ] as const)(
    "does not count a worker that is %s as done: whether it comes to Telegram is not known yet",
    (state, count) => {
      for (const words of ALL_WORDS) {
        const text = summary({ RUNNING: 2, CATCHING_UP: 1, FLOOD: 1, [state]: count }, {}, words);
        expect(text).not.toContain("✅");
        expect(text).toContain(`${state.toLowerCase().slice(0, 8)}_0`);
        expect(text).not.toContain("catching");
      }
      expect(summary({ RUNNING: 2, NEEDS_LOGIN: 1, [state]: count })).toContain(
        `Under way: 2 done, 1 not OK, ${count} to go`,
      );
      expect(summary({ [state]: count, STOPPED: 2 }, { action: "stop" })).toContain(
        `✅ All ${count + 2} done`,
      );
    },
  );

  test("of a stop is done for workers that had no login: they are stopped", () => {
    expect(summary({ NEEDS_LOGIN: 2, STOPPED: 2 }, { action: "stop" })).toContain("✅ All 4 done");
  });

  test("names those that were left as they were", () => {
    const hosts = {
      [HOST]: { phase: "stopped", over: true, done: ["running_0"], failed: [], current: null },
    };
    const text = summary({ RUNNING: 1 }, { total: 3, workers: ["running_0", "b", "c"], hosts });
    expect(text).toContain("2 untouched: b, c");
  });

  test.each(ALL_WORDS.map((words) => [words.language, words] as const))(
    "fits into a message in %s, whatever happens",
    (_language, words) => {
      const failed = Array.from({ length: 200 }, (_, n) => ({
        worker: "w".repeat(28) + n,
        code: `code-${n}`,
        message: "m".repeat(500),
      }));
      const hosts = { [HOST]: { phase: "done", over: true, done: [], failed, current: null } };
      expect(
        summary(
          {},
          { total: 500, workers: Array.from({ length: 500 }, (_, n) => "v".repeat(28) + n), hosts },
          words,
        ).length,
      ).toBeLessThan(4096);
    },
  );
});
