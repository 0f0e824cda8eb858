/** Many alerts of one cause: told at once, on one card that grows (field faults K1, K2, K5, D1). */
import { randomUUID } from "node:crypto";
import type { FleetEvent } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import type { AlertBody } from "../src/alerts/alert-body.ts";
import { handleEvent } from "../src/app/events.ts";
import { say } from "../src/kit/words/said.ts";
import { type Fleet, meet, type Shown, startFleet } from "./chat.ts";
import { crashBody, HOST } from "./support.ts";

const name = (n: number): string => `acc_${String(n).padStart(2, "0")}`;

async function fleetOf(workers: number, more: Record<string, string> = {}): Promise<Fleet> {
  const fleet = await startFleet(more);
  for (let n = 1; n <= workers; n++)
    fleet.parts.workers.add(parseWorkerId(name(n)), HOST, "777", Date.now());
  await meet(fleet, 777, "Ann");
  return fleet;
}

function crash(fleet: Fleet, n: number, at = Date.now(), how = "SIGKILL"): void {
  const worker = parseWorkerId(name(n));
  const title = say("alert-crash", { worker, times: 1, uptime: 1000, how });
  fleet.parts.alerts.raise(`exit:${worker}`, crashBody({ worker, title }), at);
}

function ended(fleet: Fleet, n: number, code: string): void {
  const worker = parseWorkerId(name(n));
  const how = say(code === "AUTH_KEY_DUPLICATED" ? "alert-key-duplicated" : "alert-key-ended", {
    code,
  });
  const body: AlertBody = {
    ...crashBody({
      worker,
      kind: "needs-login",
      code,
      title: say("alert-needs-login", { worker }),
    }),
    details: [how, say("alert-do-login")],
    buttons: ["login", "log", "worker"],
  };
  fleet.parts.alerts.raise(`account:${worker}`, body, Date.now());
}

function exited(n: number): FleetEvent {
  const fault = { class: "CRASH" as const, code: "killed", message: "It was killed." };
  const decision = { kind: "restart", delayMs: 30_000, attempt: 1, limit: 5 } as const;
  const exit = {
    pid: 40 + n,
    uptimeMs: 1000,
    exitCode: null,
    signal: "SIGKILL",
    firstErrorLine: null,
    fault,
    decision,
  } as const;
  const base = { v: 1, id: randomUUID(), at: Date.now(), host: HOST } as const;
  return { ...base, kind: "worker.exited", worker: parseWorkerId(name(n)), exit };
}

const cards = async (fleet: Fleet): Promise<Shown[]> =>
  (await fleet.shown(777)).filter(({ from, text }) => from === "bot" && text.includes("#A"));
const buttons = (card: Shown | undefined): string[] =>
  (card?.keyboard ?? []).flat().map(({ text }) => text);
const edits = async (fleet: Fleet): Promise<number> =>
  (await fleet.calls()).filter(({ method }) => method === "editMessageText").length;

test("a crash is told at once with the default settings: the hold is for the sound", async () => {
  const fleet = await fleetOf(26, { ALERT_HOLD_S: "30" });
  crash(fleet, 2);
  await fleet.parts.outbox.flush();
  expect(await cards(fleet)).toMatchObject([
    { text: expect.stringContaining("acc_02 crashed (SIGKILL"), silent: false },
  ]);
});

test(
  "nine workers that are killed one after the other are one message that grows, sounds once, " +
    "and tells when it began",
  async () => {
    const fleet = await fleetOf(26, { ALERT_HOLD_S: "30" });
    const began = Date.now() - 65_000;
    for (let n = 1; n <= 9; n++) {
      crash(fleet, n, began + n * 500);
      if (n < 5) await fleet.parts.outbox.flush();
    }
    await fleet.parts.outbox.flush();
    const [card, ...more] = await cards(fleet);
    expect(more).toEqual([]);
    expect(card?.silent).toBe(false);
    expect(card?.text).toContain("9 of 26 workers crashed in 4 s (SIGKILL)");
    for (let n = 1; n <= 9; n++) expect(card?.text).toContain(name(n));
    const clock = new Date(began + 500).toLocaleTimeString("en-GB", { hour12: false });
    expect(card?.text).toContain(clock);
    expect(buttons(card)).toContain("🔄 Restart these 9");
  },
);

test(
  "nine crashes that the bot hears of one after the other are told at once as nine: that is " +
    "what the phone shows",
  async () => {
    const fleet = await fleetOf(26, { ALERT_HOLD_S: "30" });
    // The hold of 30 s, which never ends here, is for what comes after.
    fleet.clock.stop();
    for (let n = 1; n <= 9; n++)
      await handleEvent({ ...fleet.parts, onChatError: () => {} }, exited(n));
    await fleet.waitForBot(777, "crashed");
    expect(await cards(fleet)).toMatchObject([
      { text: expect.stringContaining("9 of 26 workers crashed"), silent: false },
    ]);
    expect(await edits(fleet)).toBe(0);
  },
);

test("a card of more than it has names for says how many are well again", async () => {
  const fleet = await fleetOf(60);
  for (let n = 1; n <= 40; n++) crash(fleet, n);
  await fleet.parts.outbox.flush();
  expect((await cards(fleet))[0]?.text).not.toContain("well again");
  const over = fleet.parts.alerts.allOpen().slice(0, 12);
  for (const { n } of over) fleet.parts.alerts.resolve(n, say("solved-itself"), Date.now());
  await fleet.parts.outbox.flush();
  expect((await cards(fleet))[0]?.text).toContain("12 well again, 28 not yet");
  for (const { n } of fleet.parts.alerts.allOpen())
    fleet.parts.alerts.resolve(n, say("solved-itself"), Date.now());
  await fleet.parts.outbox.flush();
  expect((await cards(fleet))[0]?.text).not.toContain("well again");
});

test("of the cards that wait for their edit the worst goes first", async () => {
  const fleet = await fleetOf(9, { ALERT_HOLD_S: "30" });
  crash(fleet, 1);
  ended(fleet, 2, "SESSION_REVOKED");
  await fleet.parts.outbox.flush();
  const [crashed, dead] = await cards(fleet);
  crash(fleet, 3);
  ended(fleet, 4, "SESSION_REVOKED");
  const first = Promise.withResolvers<unknown>();
  fleet.bot.api.config.use(async (call, method, payload, signal) => {
    if (method === "editMessageText" && "message_id" in payload) first.resolve(payload.message_id);
    return await call(method, payload, signal);
  });
  void fleet.parts.outbox.flush();
  expect(await first.promise).toBe(dead?.id);
  expect(crashed?.id).not.toBe(dead?.id);
  fleet.parts.outbox.close();
});

test("edits of a storm keep three seconds between them, and none is made without a change", async () => {
  const fleet = await fleetOf(60, { ALERT_HOLD_S: "30" });
  const at: number[] = [];
  fleet.bot.api.config.use(async (call, method, payload, signal) => {
    if (method === "editMessageText") at.push(performance.now());
    return await call(method, payload, signal);
  });
  crash(fleet, 1);
  await fleet.parts.outbox.flush();
  for (let n = 2; n <= 60; n++) {
    crash(fleet, n);
    void fleet.parts.outbox.flush();
    if (n === 30) await fleet.parts.outbox.flush();
  }
  await fleet.parts.outbox.flush();
  expect((await cards(fleet))[0]?.text).toContain("60 of 60 workers crashed");
  for (const [n, each] of at.entries())
    if (n > 0) expect(each - (at[n - 1] ?? 0)).toBeGreaterThanOrEqual(2999);
  const before = at.length;
  // Something that the card does not show.
  fleet.db.write("UPDATE card SET revision = revision + 1");
  await fleet.parts.outbox.flush();
  expect(at.length).toBe(before);
});

test("a new trouble is told at once though the edits of another card wait", async () => {
  const fleet = await fleetOf(3);
  crash(fleet, 1);
  await fleet.parts.outbox.flush();
  crash(fleet, 2);
  await fleet.parts.outbox.flush();
  crash(fleet, 3);
  const waits = fleet.parts.outbox.flush();
  ended(fleet, 1, "AUTH_KEY_DUPLICATED");
  void fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "acc_01 needs login");
  expect(await edits(fleet)).toBe(1);
  await waits;
  expect(await edits(fleet)).toBe(2);
});

describe("sessions that ended for several causes", () => {
  test("are one card per cause, with code, remedy and every name; the names are paged", async () => {
    const fleet = await fleetOf(60);
    for (let n = 1; n <= 25; n++)
      ended(fleet, n, n <= 20 ? "AUTH_KEY_UNREGISTERED" : "AUTH_KEY_DUPLICATED");
    await fleet.poll();
    await fleet.parts.outbox.flush();
    const [gone, doubled, ...more] = await cards(fleet);
    expect(more).toEqual([]);
    expect(gone?.text).toMatch(
      /20 of 60 workers need a login \(AUTH_KEY_UNREGISTERED\)[\s\S]*Authenticate/,
    );
    expect(doubled?.text).toMatch(
      /5 of 60 workers need a login \(AUTH_KEY_DUPLICATED\)[\s\S]*same key/,
    );
    expect(buttons(doubled)).toEqual(
      expect.arrayContaining([21, 22, 23, 24, 25].map((n) => `🔐 ${name(n)}`)),
    );
    await fleet.post("/chat/press", { label: "👷 Show all 20" });
    const seen = new Set<string>();
    for (const page of ["1/3", "2/3", "3/3"]) {
      const shown = await waitFor(
        async () => (await fleet.shown(777)).find((each) => buttons(each).includes(page)),
        {
          what: page,
        },
      );
      for (const label of buttons(shown)) if (label.startsWith("🔐 ")) seen.add(label);
      if (page !== "3/3")
        await fleet.post("/chat/press", {
          messageId: shown.id,
          data: `v1:crew::1-${page.slice(0, 1)}`,
        });
    }
    expect([...seen].sort()).toEqual(Array.from({ length: 20 }, (_, n) => `🔐 ${name(n + 1)}`));
  });
});

test("a worker that gave up makes the card of its crashes sound once more, the next ones do not", async () => {
  const fleet = await fleetOf(10);
  for (let n = 1; n <= 5; n++) crash(fleet, n);
  await fleet.parts.outbox.flush();
  const first = (await cards(fleet))[0]?.id;
  for (let n = 1; n <= 5; n++) {
    const worker = parseWorkerId(name(n));
    const title = say("alert-gave-up", { worker, times: 6, uptime: 1000, how: "SIGKILL" });
    fleet.parts.alerts.raise(
      `exit:${worker}`,
      crashBody({ kind: "gave-up", worker, title }),
      Date.now(),
    );
  }
  await fleet.parts.outbox.flush();
  const [card, ...more] = await cards(fleet);
  expect([more, card?.silent]).toEqual([[], false]);
  expect(card?.id).toBeGreaterThan(first ?? 0);
  expect(fleet.parts.cards.find(1)?.telling).toBe(2);
  expect(card?.text).toContain("5 of 10 workers gave up");
});
