import { WorkerState, type WorkerStatus } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AlertRow, CardRow } from "../src/alerts/alert-body.ts";
import { alertCard, digestCard, endedCard } from "../src/alerts/alert-card.ts";
import { ALERT_KINDS } from "../src/alerts/kinds.ts";
import { decodePress } from "../src/kit/callback.ts";
import type { Card } from "../src/kit/chat/screen.ts";
import { noticeScreen } from "../src/kit/notice.ts";
import { html } from "../src/kit/words/html.ts";
import { loginScreen } from "../src/login/login-screen.ts";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { addScreen } from "../src/workers/add.ts";
import { workerScreen } from "../src/workers/details.ts";
import { workersScreen } from "../src/workers/list.ts";
import { logScreen } from "../src/workers/log.ts";
import { menuScreen } from "../src/workers/menu.ts";
import {
  ALL_WORDS,
  anyWorker,
  EN,
  HOST,
  hostile,
  hostileUpTo,
  listOf,
  NOW,
  saying,
  viewOf,
  workerView,
} from "./support.ts";
import { checkCard, labels, plainText } from "./telegram-html.ts";

const LONGEST = parseWorkerId("w".repeat(32));
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null });
const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `worker-${String(n).padStart(2, "0")}`);

const steps: fc.Arbitrary<WizardStep> = fc.oneof(
  fc.constantFrom(
    { kind: "preparing" as const },
    { kind: "sending-code" as const },
    { kind: "checking-code" as const, before: null },
  ),
  fc.record({
    kind: fc.constant("ask-phone" as const),
    known: orNull(hostileUpTo(20)),
    note: orNull(hostile.map(saying)),
  }),
  fc.record({
    kind: fc.constant("ask-code" as const),
    via: fc.oneof(fc.constantFrom("app", "sms", "call"), hostile),
    length: fc.integer({ min: 1, max: 8 }),
    nextVia: orNull(hostile),
    resendAt: orNull(fc.integer({ min: NOW - 1000, max: NOW + 100_000 })),
    expiresAt: fc.constant(NOW + 60_000),
    note: orNull(hostile.map(saying)),
    dead: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("ask-password" as const),
    hint: orNull(hostile),
    note: orNull(hostile.map(saying)),
  }),
  fc.record({ kind: fc.constant("checking-password" as const), hint: orNull(hostile) }),
  fc.record({ kind: fc.constant("ended" as const), text: hostile.map(saying) }),
);

const alert: fc.Arbitrary<AlertRow> = fc.record({
  n: fc.nat(9999),
  subject: fc.constant("exit:x"),
  openedAt: fc.constant(NOW),
  readyAt: fc.constant(NOW),
  resolvedAt: orNull(fc.constant(NOW + 5000)),
  resolvedBy: orNull(hostile.map(saying)),
  card: fc.constant(1),
  body: fc.record({
    kind: fc.constantFrom(...ALERT_KINDS),
    worker: orNull(fc.constant(LONGEST)),
    host: fc.constant(HOST),
    times: fc.integer({ min: 1, max: 99 }),
    title: hostile.map(saying),
    details: fc.array(hostile.map(saying), { maxLength: 4 }),
    buttons: fc.subarray(
      ["restart" as const, "login" as const, "log" as const, "worker" as const],
      { minLength: 1 },
    ),
    action: orNull(hostile.map(saying)),
  }),
});
const alertCards: fc.Arbitrary<CardRow> = fc.record({
  n: fc.nat(9999),
  openedAt: fc.constant(NOW),
  toldAt: fc.constant(NOW),
  resolvedAt: orNull(fc.constant(NOW + 5000)),
  takenBy: orNull(hostileUpTo(64)),
  mutedUntil: orNull(fc.constant(NOW)),
  level: fc.constantFrom(0 as const, 1 as const, 2 as const),
  secondPathAt: fc.constant(null),
  silent: fc.boolean(),
  calm: fc.boolean(),
  telling: fc.constant(1),
  revision: fc.constant(1),
  alerts: fc.array(alert, { minLength: 1, maxLength: 20 }),
});
const anyTrouble = fc.constantFrom(null, "gone" as const);
const anyWords = fc.constantFrom(...ALL_WORDS);

describe("whatever names, errors and answers hold, Telegram takes", () => {
  const fleets = fc.uniqueArray(anyWorker, { selector: (worker) => worker.id, maxLength: 20 });

  test("the menu and each page of the list", () => {
    fc.assert(
      fc.property(fleets, anyTrouble, fc.nat(5), anyWords, (workers, trouble, page, words) => {
        checkCard(menuScreen(viewOf(workers, { trouble, words })));
        checkCard(workersScreen(viewOf(workers, { trouble, words }), listOf(page)));
      }),
    );
  });

  test("the details of each worker, and every one of them can be left", () => {
    fc.assert(
      fc.property(anyWorker, anyTrouble, anyWords, (worker, trouble, words) => {
        const card = workerScreen(viewOf([worker], { trouble, words }), worker.id);
        checkCard(card);
        expect(labels(card)).toContain(words.text("button-back"));
      }),
    );
  });

  test("the details of a worker with the longest texts that there can be", () => {
    const long = "<&>".repeat(200).slice(0, 500);
    const worker = workerView(LONGEST, {
      fault: { class: "CRASH", code: long.slice(0, 120), message: long },
    });
    const command = {
      id: "c",
      worker: LONGEST,
      verb: "restart",
      askerId: "1",
      askerName: long.slice(0, 64),
      askedAt: NOW,
    } as const;
    const failed = { ...command, state: "failed", endedAt: NOW, result: long, code: null } as const;
    expect(checkCard(workerScreen(viewOf([{ ...worker, command: failed }]), LONGEST))).toContain(
      long,
    );
  });

  test("a log of any length, with its newest line", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hostile, fc.constant("<&>".repeat(500))), { maxLength: 200 }),
        (log) => {
          const text = checkCard(
            logScreen(EN, { worker: LONGEST, lines: log, command: null, level: "" }),
          );
          const last = log.at(-1)?.slice(0, 400).trim();
          if (last) expect(text).toContain(last);
        },
      ),
    );
  });

  test("every step of a login, with a way on or out", () => {
    fc.assert(
      fc.property(steps, fc.nat(8), anyWords, (step, digits, words) => {
        const card = loginScreen({ words, worker: LONGEST, step, digits, now: NOW });
        checkCard(card);
        const ways = [words.text("button-cancel"), words.text("button-back")];
        expect(labels(card).some((label) => ways.includes(label))).toBe(true);
      }),
    );
  });

  test("every alert card, its end and a digest", () => {
    fc.assert(
      fc.property(fc.array(alertCards, { minLength: 1, maxLength: 9 }), anyWords, (many, words) => {
        for (const card of many) {
          checkCard(alertCard(words, card, 26));
          checkCard(endedCard(words, card));
          if (card.resolvedAt !== null) expect(labels(alertCard(words, card, 26))).toEqual([]);
        }
        checkCard(digestCard(words, many));
      }),
    );
  });

  test("a question that was answered badly, and a notice", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(checkCard(addScreen(EN, saying(text), HOST))).toContain(text.trim());
        checkCard(noticeScreen(EN, saying(text), LONGEST));
      }),
    );
  });

  test("any text as the text that it is", () => {
    fc.assert(
      fc.property(hostile, (text) => void expect(plainText(html`<b>${text}</b>`.text)).toBe(text)),
    );
  });
});

test("every button of every screen is a press of ours, with the longest name", () => {
  const states = WorkerState.options.map((state) =>
    workerScreen(viewOf([workerView(LONGEST, { state })]), LONGEST),
  );
  const many = viewOf(names(17).map((name) => workerView(name)));
  const cards: Card[] = [
    ...states,
    menuScreen(many),
    ...[0, 1, 2].map((page) => workersScreen(many, listOf(page))),
    workersScreen(viewOf([workerView(LONGEST)]), listOf(0)),
    addScreen(EN, null, HOST),
    logScreen(EN, { worker: LONGEST, lines: [], command: null, level: "" }),
    noticeScreen(EN, saying("x"), LONGEST),
    ...fc
      .sample(steps, 300)
      .map((step) => loginScreen({ words: EN, worker: LONGEST, step, digits: 0, now: NOW })),
    ...fc.sample(alertCards, 50).map((card) => alertCard(EN, card, 26)),
  ];
  for (const card of cards) {
    checkCard(card);
    for (const button of card.keyboard.flat())
      expect(decodePress("callback_data" in button ? button.callback_data : "")).not.toBeNull();
  }
});

test("a worker is up since a time only while its process runs and is heard of", () => {
  const card = (status: Partial<WorkerStatus>, staleSince: number | null = null): string => {
    const worker = {
      ...workerView("news_1", { pid: 4711, startedAt: NOW, ...status }),
      staleSince,
    };
    return workerScreen(viewOf([worker]), worker.id).html;
  };
  expect(card({ state: "RUNNING" })).toContain("pid 4711 · up for");
  expect(card({ state: "NEEDS_LOGIN" })).toContain("pid 4711 · up for");
  for (const shown of [
    card({ state: "STOPPING", startedAt: null }),
    card({ state: "STARTING" }),
    card({ state: "RUNNING" }, NOW),
  ]) {
    expect(shown).toContain("pid 4711");
    expect(shown).not.toContain("up for");
  }
  expect(card({ state: "BACKOFF", pid: null, startedAt: null })).not.toMatch(/pid|up for/);
});
