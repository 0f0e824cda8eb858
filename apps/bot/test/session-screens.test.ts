import { randomUUID } from "node:crypto";
import type {
  BackupCopy,
  FleetEvent,
  HolderSummary,
  StorageProblem,
  WorkerStatus,
} from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { handleEvent } from "../src/app/events.ts";
import { handlePress } from "../src/app/presses.ts";
import type { Card } from "../src/kit/chat/screen.ts";
import { backupsScreen, copyRef, restoreScreen } from "../src/session/backups.ts";
import { stopHolderScreen } from "../src/session/locked.ts";
import { workerScreen } from "../src/workers/details.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import {
  ALL_WORDS,
  ANN,
  ASKER,
  EN,
  HOST,
  NOW,
  statusOf,
  viewOf,
  WORKER,
  workerView,
} from "./support.ts";
import { plainText } from "./telegram-html.ts";

const labels = (card: Card): string[] => card.keyboard.flat().map((button) => button.text);
const copy = (more: Partial<BackupCopy> = {}): BackupCopy => ({
  id: "20270115T080000000Z.manual",
  kind: "backup",
  reason: "manual",
  at: NOW,
  bytes: 45_000,
  verified: true,
  problem: null,
  sameKey: false,
  ...more,
});
const holder = (more: Partial<HolderSummary> = {}): HolderSummary => ({
  pid: 4121,
  command: "node worker.ts --worker old",
  user: "ann",
  state: "running",
  since: NOW,
  ours: true,
  ...more,
});

describe("the backups screen", () => {
  const show = (
    copies: BackupCopy[] | null,
    more: Partial<WorkerStatus> = { pid: null, state: "STOPPED" },
  ): Card => backupsScreen(EN, { worker: workerView("news_1", more), copies, fetching: null });

  test("offers only copies that open and have another key than the session", () => {
    const golden = copy({ id: "golden", kind: "golden", reason: "golden" });
    const same = copy({ at: NOW + 1000, sameKey: true });
    const broken = copy({ at: NOW + 2000, verified: false, problem: "damaged", sameKey: null });
    const card = show([golden, same, broken]);
    expect(labels(card).filter((label) => label.startsWith("🧯"))).toHaveLength(1);
    expect(plainText(card.html)).toMatch(
      /⭐ after the last login · 44 KB · ✓ verified\n.*same key as now\n.*✗ damaged/,
    );
    expect(labels(show([same]))).not.toContain(expect.stringContaining("Restore"));
    expect(plainText(show([same]).html)).toContain("only 🔐 Authenticate helps");
  });

  test("offers every copy that opens when there is no session to compare with", () => {
    expect(
      labels(show([copy({ sameKey: null })])).some((label) => label.startsWith("🧯 Restore")),
    ).toBe(true);
  });

  test("of a running worker offers no restore, but says what to do for it", () => {
    const card = show([copy()], {});
    expect(labels(card)).toEqual(["💾 Back up now", "⏹ Stop", "🔄 Refresh", "⬅️ Back"]);
    expect(plainText(card.html)).toContain("stop the worker first");
  });

  test("fits into every language, and its buttons into callback data", () => {
    for (const words of ALL_WORDS) {
      const worker = workerView("a".repeat(32), { pid: null, state: "BROKEN" });
      const copies = Array.from({ length: 30 }, (_, i) =>
        copy({ at: NOW + i, reason: "before-restore" }),
      );
      for (const card of [
        backupsScreen(words, { worker, copies, fetching: null }),
        restoreScreen(words, worker, copy(), "zzzzzz"),
        stopHolderScreen(
          words,
          workerView("a".repeat(32), { holder: holder({ pid: 4_194_304 }) }),
          4_194_304,
          "zzzzzz",
        ),
      ])
        expect(plainText(card.html).length).toBeLessThan(4096);
    }
  });
});

describe("who has the session file", () => {
  test("is on the card; only a process of ours can be stopped, after a question that names it", () => {
    const locked = (who: HolderSummary): Card =>
      workerScreen(viewOf([workerView("news_1", { state: "LOCKED", holder: who })]), "news_1");
    expect(labels(locked(holder()))).toContain("⏹ Stop holder");
    const stranger = locked(holder({ ours: false, command: "python <old>.py" }));
    expect(labels(stranger)).not.toContain("⏹ Stop holder");
    expect(plainText(stranger.html)).toContain("python <old>.py");
    expect(plainText(stranger.html)).toContain("I do not stop programs I did not start");
    const ask = stopHolderScreen(EN, workerView("news_1", { holder: holder() }), 4121, "abc");
    expect(plainText(ask.html)).toContain("pid 4121 node worker.ts --worker old");
    expect(labels(ask)).toEqual(["⏹ Stop process 4121", "✖️ Cancel"]);
    const gone = stopHolderScreen(
      EN,
      workerView("news_1", { holder: holder({ pid: 5 }) }),
      4121,
      "abc",
    );
    expect(labels(gone)).toEqual(["✖️ Cancel"]);
  });
});

const base = () => ({
  v: 1 as const,
  id: randomUUID(),
  at: Date.now(),
  host: HOST,
  worker: WORKER,
});

function became(state: WorkerStatus["state"], more: Partial<WorkerStatus> = {}): FleetEvent {
  return {
    ...base(),
    kind: "worker.state",
    previous: "STARTING",
    status: statusOf("news_1", { state, ...more }),
  } as FleetEvent;
}

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  return fleet;
}

async function take(fleet: Fleet, ...events: FleetEvent[]): Promise<void> {
  for (const event of events) await handleEvent({ ...fleet.parts, onChatError: () => {} }, event);
  await fleet.parts.outbox.flush();
}

async function press(
  fleet: Fleet,
  verb: "brestyes" | "hstopyes" | "brest",
  arg: string,
): Promise<string | undefined> {
  let said: string | undefined;
  const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
  const toast = async (text?: { key: string }): Promise<void> => {
    said = text?.key;
  };
  const who = { id: `press-0000${message}`, role: "owner" as const, admin: ANN };
  const context = {
    ...who,
    press: { verb, about: WORKER, arg },
    asker: ASKER,
    chat: "777",
    message,
    toast,
  };
  await handlePress(fleet.parts, context);
  return said;
}

describe("alerts about a session file", () => {
  const DAMAGE = [
    "sqlite-empty",
    "sqlite-full",
    "sqlite-deleted",
    "sqlite-replaced",
    "sqlite-readonly",
    "sqlite-foreign-owner",
  ];
  const MORE = [
    "sqlite-not-a-database",
    "sqlite-truncated",
    "sqlite-corrupt",
    "sqlite-missing",
    "key-unreadable",
  ];

  test.each([...DAMAGE, ...MORE])(
    "%s has words of its own, in every language, and its alert ends when the worker runs",
    async (code) => {
      const texts = ALL_WORDS.map((words) => words.text(`fault-${code}`));
      expect(new Set([...texts, `fault-${code}`]).size).toBe(ALL_WORDS.length + 1);
    },
  );

  test("a broken file is one alert; [🧯 Backups] is on it only when a copy can help", async () => {
    const fleet = await withAnn();
    const fault = { class: "DB_BROKEN" as const, code: "sqlite-empty", message: "empty" };
    await take(fleet, became("BROKEN", { fault, restoreHelps: false }));
    const exit = {
      pid: 1,
      uptimeMs: 1,
      exitCode: 1,
      signal: null,
      firstErrorLine: null,
      fault,
      decision: { kind: "park" as const },
    };
    await take(fleet, { ...base(), kind: "worker.exited", exit } as FleetEvent);
    expect(fleet.parts.alerts.countOpen()).toBe(1);
    expect(fleet.parts.alerts.open("broken:news_1")?.body.buttons).toEqual([
      "retry",
      "log",
      "worker",
    ]);
    await take(fleet, became("BROKEN", { fault, restoreHelps: true }));
    expect(fleet.parts.alerts.open("broken:news_1")?.body.buttons).toContain("backups");
    await fleet.waitForBot(777, "its session file cannot be used");
    await take(fleet, became("RUNNING"));
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("a locked file is told at once with its holder, and is over when the worker runs", async () => {
    const fleet = await withAnn();
    const fault = {
      class: "SESSION_LOCKED" as const,
      code: "sqlite-locked",
      message: "held by pid 990 `python old.py`",
    };
    await take(fleet, became("LOCKED", { fault }));
    await fleet.waitForBot(777, /session file in use[\s\S]*pid 990/);
    expect(fleet.parts.alerts.open("locked:news_1")?.body.buttons).toEqual([
      "who",
      "retry",
      "log",
      "worker",
    ]);
    await take(fleet, became("RUNNING"));
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test(
    "a holder of ours that becomes known puts [⏹ Stop holder] on the same card, and it asks " +
      "before it stops",
    async () => {
      const fleet = await withAnn();
      const fault = {
        class: "SESSION_LOCKED" as const,
        code: "sqlite-locked",
        message: "held by pid 4121",
      };
      await take(fleet, became("LOCKED", { fault }));
      const card = await fleet.waitForBot(777, /session file in use/);
      expect(card.keyboard.flat().map(({ text }) => text)).not.toContain("⏹ Stop holder");
      await take(fleet, {
        ...became("LOCKED", { fault, holder: holder() }),
        previous: "LOCKED",
      } as FleetEvent);
      const shown = (await fleet.shown(777)).find(({ id }) => id === card.id);
      const button = shown?.keyboard.flat().find(({ text }) => text === "⏹ Stop holder");
      expect(shown?.text, "it happened once").not.toMatch(/2 times/);
      expect(button?.callback_data).toBe(`v1:hstop:news_1:${(4121).toString(36)}`);
      await take(fleet, {
        ...became("LOCKED", { fault, holder: holder({ ours: false }) }),
        previous: "LOCKED",
      } as FleetEvent);
      expect(fleet.parts.alerts.open("locked:news_1")?.body.holder).toBeUndefined();
    },
  );

  test.each([
    [{ kind: "slow-wait", operation: "save", tookMs: 12_000 }, /“save” waited 12 s/],
    [{ kind: "waits-long", p95Ms: 1500 }, /waited longer than 1,500 ms/],
    [{ kind: "wal-large", walBytes: 80_000_000, holder: "pid 7 x" }, /80 MB[\s\S]*pid 7 x/],
    [{ kind: "wal-large", walBytes: 80_000_000, holder: null }, /80 MB and cannot be emptied\./],
    [{ kind: "checkpoint-failed", message: "disk I/O error" }, /disk I\/O error/],
  ] as [StorageProblem, RegExp][])("%j is an alert until it is over", async (problem, text) => {
    const fleet = await withAnn();
    await take(fleet, { ...base(), kind: "worker.storage", problem });
    await fleet.waitForBot(777, text);
    await take(fleet, { ...base(), kind: "worker.storage", problem: null });
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });
});

describe("a confirmation", () => {
  const token = (agoS: number): string => (Math.floor(Date.now() / 1000) - agoS).toString(36);

  test("puts the copy back that it named, and nothing after half a minute", async () => {
    const fleet = await withAnn();
    const outcome = { kind: "backups" as const, copies: [copy()] };
    fleet.parts.answers.keep({
      ...base(),
      kind: "command.done",
      worker: WORKER,
      command: "look",
      outcome,
    });
    expect(await press(fleet, "brestyes", `${copyRef(copy())}-${token(60)}`)).toBe("toast-stale");
    expect(await press(fleet, "brestyes", `unknown-${token(0)}`)).toBe("toast-stale");
    expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
    expect(await press(fleet, "brestyes", `${copyRef(copy())}-${token(1)}`)).toBe("toast-queued");
    expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({
      verb: "restore",
      askerName: "Ann",
      state: "asked",
    });
  });

  test("stops the process that it named, and nothing after half a minute", async () => {
    const fleet = await withAnn();
    expect(await press(fleet, "hstopyes", `${(4121).toString(36)}-${token(60)}`)).toBe(
      "toast-stale",
    );
    expect(await press(fleet, "hstopyes", `-${token(0)}`)).toBe("toast-stale");
    expect(await press(fleet, "hstopyes", `${(4121).toString(36)}-${token(1)}`)).toBe(
      "toast-queued",
    );
    expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({ verb: "stop-holder" });
  });
});
