import type { Verb } from "../src/kit/button.ts";
import { resumeScreen } from "../src/relay/resume.ts";
/**
 * Alerts about what is read: lost messages, quiet and closed chats, sending that Telegram stopped.
 */

import { randomUUID } from "node:crypto";
import type { FleetEvent, SourcesStatus, WorkerStatus } from "@flotilla/contracts";
import { type LinkStatus, NO_LINK } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { watch } from "../src/alerts/watch.ts";
import { handleEvent } from "../src/app/events.ts";
import { handlePress } from "../src/app/presses.ts";
import { type Said, say } from "../src/kit/words/said.ts";
import { workerScreen } from "../src/workers/details.ts";
import { type Fleet, meet, type Shown, startFleet } from "./chat.ts";
import { ALL_WORDS, ANN, ASKER, HOST, statusOf, viewOf, WORKER, workerView } from "./support.ts";

const base = () => ({
  v: 1 as const,
  id: randomUUID(),
  at: Date.now(),
  host: HOST,
  worker: WORKER,
});
const MINUTE = 60_000;
const fourMinutes = () => ({
  beganAt: Date.now() - 4 * MINUTE,
  endedAt: Date.now(),
  offlineMs: null,
});

async function withAnn(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  return fleet;
}

async function take(fleet: Fleet, ...events: FleetEvent[]): Promise<void> {
  for (const event of events) await handleEvent({ ...fleet.parts, onChatError: () => {} }, event);
  await fleet.parts.outbox.flush();
}

const link = (more: Partial<LinkStatus> = {}): LinkStatus => ({ ...NO_LINK, ...more });
const sources = (more: Partial<SourcesStatus> = {}): SourcesStatus => ({
  checkedAt: Date.now(),
  readable: 13,
  closed: [],
  quiet: [],
  ...more,
});

const stoppedBy = (): Said => say("solved-stopped", { by: "Ann" });

/** The bot looks at what stands on the board. */
async function look(fleet: Fleet, ...statuses: WorkerStatus[]): Promise<Shown[]> {
  const now = Date.now();
  const fresh = statuses.map((status) => ({ ...status, updatedAt: now }));
  watch(fleet.parts.alerts, {
    now,
    statuses: fresh,
    redisAwaySince: null,
    tokenConflict: false,
    host: HOST,
    stoppedBy,
  });
  await fleet.parts.outbox.flush();
  return (await fleet.shown(777)).filter((message) => message.from === "bot");
}

const status = (found?: SourcesStatus, more: Partial<WorkerStatus> = {}): WorkerStatus =>
  statusOf("news_1", { link: link(found ? { sources: found } : {}), ...more });

describe("messages that are lost", () => {
  const outage = { ...fourMinutes(), missed: 37, recovered: 25, lost: 12 };
  const lost = (): FleetEvent => ({
    ...base(),
    kind: "worker.lost",
    lost: 12,
    why: "too-many",
    outage,
  });

  test("are one alert that says how many of how many, counted on, and over when an admin took note", async () => {
    const fleet = await withAnn();
    await take(fleet, lost());
    await fleet.waitForBot(
      777,
      /news_1 lost messages[\s\S]*last update 4 min before\): missed 37, recovered 25, lost ≥ 12/,
    );
    await take(fleet, { ...base(), kind: "worker.lost", lost: 1, why: "unreadable", outage: null });
    await fleet.waitForBot(
      777,
      /2 times[\s\S]*Lost ≥ 1 while it was connected[\s\S]*Back after an outage \(last update 4 min/,
    );
    await take(fleet, {
      ...base(),
      kind: "worker.state",
      previous: "CATCHING_UP",
      status: statusOf("news_1"),
    });
    expect(fleet.parts.alerts.countOpen(), "that it runs again brings nothing back").toBe(1);
    await fleet.poll();
    await fleet.post("/chat/press", { label: "✋ I'll take it" });
    await fleet.waitForBot(777, /resolved after[\s\S]*by Ann/);
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("many small ones of one illness are one line with their sum, and the outage before stays", async () => {
    const fleet = await withAnn();
    await take(fleet, lost());
    for (const count of [1, 4, 2, 40])
      await take(fleet, {
        ...base(),
        kind: "worker.lost",
        lost: count,
        why: "unreadable",
        outage: null,
      });
    const shown = await fleet.waitForBot(
      777,
      /5 times[\s\S]*Lost ≥ 47 while it was connected[\s\S]*Back after an outage \(last update 4 min/,
    );
    expect(shown.text.match(/while it was connected/g)).toHaveLength(1);
    expect(fleet.parts.alerts.countOpen()).toBe(1);
    await take(fleet, lost());
    await take(fleet, { ...base(), kind: "worker.lost", lost: 3, why: "unreadable", outage: null });
    await fleet.waitForBot(777, /7 times[\s\S]*Lost ≥ 3 while/);
  });

  test("of different reasons are counted for each of them", async () => {
    const fleet = await withAnn();
    await take(fleet, lost());
    const more = [
      [3, "unreadable"],
      [40, "too-many"],
      [4, "unreadable"],
    ] as const;
    for (const [count, why] of more)
      await take(fleet, { ...base(), kind: "worker.lost", lost: count, why, outage: null });
    const shown = await fleet.waitForBot(777, /Lost ≥ 47 while it was connected/);
    const [unreadable, tooMany, outage] = [
      shown.text.indexOf("≥ 7: this version cannot read"),
      shown.text.indexOf("≥ 40: more than Telegram hands out"),
      shown.text.indexOf("Back after an outage (last update 4 min"),
    ];
    expect(unreadable).toBeGreaterThan(-1);
    expect(tooMany).toBeGreaterThan(unreadable);
    expect(outage).toBeGreaterThan(tooMany);
    expect(shown.text.match(/Press ✋/g)).toHaveLength(1);
  });

  test("the same event twice is one loss", async () => {
    const [fleet, event] = [await withAnn(), lost()];
    await take(fleet, event, event);
    expect(fleet.parts.alerts.open("gap:news_1")?.body.times).toBe(1);
  });
});

describe("a source", () => {
  const quiet = {
    chat: "-1005",
    title: "@signals",
    silentSince: Date.now() - 180 * MINUTE,
    rhythmMs: 4 * MINUTE,
    found: 0,
    withheld: false,
  };

  test.each([
    [{}, /@signals silent for 3 h \(usual 4 min\)[\s\S]*no newer message on the server/],
    [{ found: 2 }, /@signals silent for 3 h \(usual 4 min\)[\s\S]*2 newer found and fetched/],
    [{ withheld: true }, /Telegram withholds newer messages from @signals/],
  ])(
    "that is silent is told with what the server said %j, once, until it speaks again",
    async (more, text) => {
      const fleet = await withAnn();
      const silent = status(sources({ quiet: [{ ...quiet, ...more }] }));
      const [card] = await look(fleet, silent);
      expect(card?.text).toMatch(/^🟡 🔍 news_1: /);
      expect(card?.text).toMatch(text);
      expect(await look(fleet, silent)).toHaveLength(1);
      await look(fleet, status(sources()));
      expect(fleet.parts.alerts.countOpen()).toBe(0);
    },
  );

  test("stays open while a new process has not asked yet, and is no alert of a stopped worker", async () => {
    const fleet = await withAnn();
    await look(fleet, status(sources({ quiet: [quiet] })));
    await look(fleet, status(sources({ checkedAt: null })));
    await look(fleet, status(undefined));
    expect(fleet.parts.alerts.open("quiet:news_1:-1005")).not.toBeNull();
    await look(fleet, status(sources({ quiet: [quiet] }), { state: "STOPPED" }));
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("that is quiet because the worker is offline or its key is dead is not told", async () => {
    const fleet = await withAnn();
    const offline = {
      state: "RECONNECTING" as const,
      link: link({ attempt: 3, sources: sources({ quiet: [quiet] }) }),
    };
    const shown = await look(fleet, statusOf("news_1", offline));
    expect(shown.map(({ text }) => text).join()).toContain("has been offline");
    expect(shown.map(({ text }) => text).join()).not.toContain("silent");
    const fault = { class: "AUTH_DEAD" as const, code: "AUTH_KEY_UNREGISTERED", message: "gone" };
    const dead = {
      state: "NEEDS_LOGIN" as const,
      fault,
      link: link({ sources: sources({ quiet: [quiet] }) }),
    };
    await take(fleet, {
      ...base(),
      kind: "worker.state",
      previous: "RUNNING",
      status: statusOf("news_1", dead),
    });
    const after = await look(fleet, statusOf("news_1", dead));
    expect(after.map(({ text }) => text).join()).toContain("needs login");
    expect(after.map(({ text }) => text).join()).not.toContain("silent");
  });

  test(
    "that is closed is told once with how many go on, also over a restart, until it can be " +
      "read again",
    async () => {
      const fleet = await withAnn();
      const closed = status(
        sources({ closed: [{ chat: "-1005", title: "@signals", reason: "CHANNEL_PRIVATE" }] }),
      );
      const [card] = await look(fleet, closed);
      expect(card?.text).toMatch(
        /🟡 ⚠️ news_1 can no longer read @signals \(CHANNEL_PRIVATE\)[\s\S]*The other 13 chats are still read\./,
      );
      await look(fleet, status(undefined, { state: "STARTING" }));
      expect(await look(fleet, closed)).toHaveLength(1);
      await look(fleet, status(sources()));
      expect(fleet.parts.alerts.countOpen()).toBe(0);
    },
  );
});

describe("sending that Telegram stopped", () => {
  const sending = {
    perMinute: 20,
    tokens: 5,
    waitUntil: null,
    halvedUntil: null,
    stopped: "PEER_FLOOD",
  };
  const fault = { class: "LIMITED" as const, code: "PEER_FLOOD", message: "stopped" };
  const limited = (state: "DEGRADED" | "CATCHING_UP" | "RUNNING"): FleetEvent => ({
    ...base(),
    kind: "worker.state",
    previous: "RUNNING",
    status: statusOf("news_1", { state, ...(state === "RUNNING" ? {} : { fault }) }),
  });

  test("is an alert with a way to resume, stays open over reconnects, and ends when it sends again", async () => {
    const fleet = await withAnn();
    await take(fleet, limited("DEGRADED"), limited("CATCHING_UP"), limited("DEGRADED"));
    const [card] = (await fleet.shown(777)).filter((message) => message.from === "bot");
    expect(card?.keyboard.flat().map(({ text }) => text)).toContain("▶️ Resume sending");
    expect(fleet.parts.alerts.history(0)).toHaveLength(1);
    await take(fleet, limited("RUNNING"));
    expect(fleet.parts.alerts.countOpen()).toBe(0);
  });

  test("is resumed from its own button, after a word about what it means", async () => {
    const view = workerView("news_1", { state: "DEGRADED", link: link({ sending }) });
    const isResume = (button: object): boolean =>
      "callback_data" in button && button.callback_data === "v1:resume:news_1:";
    for (const words of ALL_WORDS) {
      expect(resumeScreen(words, view, "abc").html).toContain("@SpamBot");
      expect(
        workerScreen(viewOf([view], { words }), "news_1")
          .keyboard.flat()
          .some(isResume),
      ).toBe(true);
      const well = viewOf([workerView("news_1", { link: link() })], { words });
      expect(workerScreen(well, "news_1").keyboard.flat().some(isResume)).toBe(false);
    }
  });

  test("a confirmation is good for half a minute", async () => {
    const fleet = await withAnn();
    fleet.parts.workers.add(WORKER, HOST, "777", 1);
    const press = async (verb: Verb, arg: string): Promise<string | undefined> => {
      let said: string | undefined;
      const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
      const toast = async (text?: { key: string }): Promise<void> => {
        said = text?.key;
      };
      const who = { id: `press-0000${message}`, role: "owner" as const, admin: ANN };
      await handlePress(fleet.parts, {
        ...who,
        press: { verb, about: WORKER, arg },
        asker: ASKER,
        chat: "777",
        message,
        toast,
      });
      return said;
    };
    const token = (agoS: number): string => (Math.floor(Date.now() / 1000) - agoS).toString(36);
    expect(await press("resumeyes", token(60))).toBe("toast-stale");
    expect(await press("resumeyes", "")).toBe("toast-stale");
    expect(await press("resumeyes", token(1))).toBe("toast-queued");
    expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({
      verb: "resume-sending",
      askerName: "Ann",
    });
  });
});

test("the card says nothing of an outage in which nothing was missed", () => {
  const card = (missed: number): string => {
    const status = {
      link: link({ outage: { ...fourMinutes(), missed, recovered: missed, lost: 0 } }),
    };
    return workerScreen(viewOf([workerView("news_1", status)]), "news_1").html;
  };
  expect(card(0)).not.toContain("🔍");
  expect(card(37)).toContain(
    "🔍 Back after an outage (last update 4 min before): missed 37, recovered 37, lost 0",
  );
});

test("the card says which wait keeps it from asking for what it missed, and until when", () => {
  const readingWait = { method: "updates.getDifference", until: Date.now() + 20 * MINUTE };
  const view = viewOf([workerView("news_1", { state: "FLOOD", link: link({ readingWait }) })], {
    now: Date.now(),
  });
  expect(workerScreen(view, "news_1").html).toMatch(/updates\.getDifference has to wait/);
});
