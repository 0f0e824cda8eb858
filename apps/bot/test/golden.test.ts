import { readFileSync } from "node:fs";
import { ALERT_KINDS } from "@flotilla/domain";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { alertCard, digestCard, endedCard } from "../src/alerts/alert-card.ts";
import { loginScreen } from "../src/screens/login.ts";
import { say } from "../src/words/said.ts";
import { cardOf, goldenAlerts } from "./golden/alerts.ts";
import { answers } from "./golden/answers.ts";
import { expectGolden, shownAs } from "./golden/chat-text.ts";
import { LOGIN_STEPS } from "./golden/logins.ts";
import { SCREENS } from "./golden/screens.ts";
import { goldenScreens, NEWS } from "./golden/world.ts";
import { ALL_WORDS, controlDb, NOW } from "./support.ts";
import { plainText } from "./telegram-html.ts";

beforeEach(() => {
  vi.stubEnv("TZ", "UTC");
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => vi.useRealTimers());

/** The chat as people read it: read a golden file as somebody at 3 a.m. with a phone before it is changed. */
describe.each(ALL_WORDS.map((words) => [words.language, words] as const))("the chat in %s", (language, words) => {
  test("every screen is as it was read and found good", async () => {
    const { screens } = goldenScreens(await controlDb(), words);
    const shown: string[] = [];
    for (const [title, screen] of Object.values(SCREENS).flat())
      shown.push(shownAs(title, await screens.render("777", screen)));
    for (const [title, chat] of [
      ["menu of a viewer", "779"],
      ["menu of a group", "-100123"],
    ] as const)
      shown.push(shownAs(title, await screens.render(chat, { kind: "menu" })));
    expectGolden(`screens.${language}`, shown);
  });

  test("every step of a login is", () => {
    const steps = Object.values(LOGIN_STEPS).flat();
    const shown = steps.map((step) => shownAs(step.kind, loginScreen({ words, worker: NEWS, step, digits: 2, now: NOW })));
    expectGolden(`logins.${language}`, shown);
  });

  test("every answer to a bad route and a refused login is", () => {
    expectGolden(
      `answers.${language}`,
      answers().map(([title, said]) => {
        expect(words.has(said.key), said.key).toBe(true);
        return `━━━ ${title}\n${plainText(words.said(said).text)}`;
      }),
    );
  });

  test("every alert is, and what becomes of its card", async () => {
    const alerts = await goldenAlerts(await controlDb());
    expect(new Set(alerts.map(({ body }) => body.kind)), "each kind of alert").toEqual(new Set(ALERT_KINDS));
    const [first, second, third] = alerts.filter(({ body }) => body.kind === "crash");
    const drill = alerts.find(({ body }) => body.kind === "drill");
    if (!first || !second || !third || !drill) throw new Error("no crash, no drill");
    const over = { ...first, resolvedAt: NOW + 360_000, resolvedBy: say("solved-command", { verb: "restart", by: "@ann" }) };
    const pressed = {
      ...first,
      body: {
        ...first.body,
        times: 3,
        title: { ...first.body.title, args: { ...first.body.title.args, times: 3 } },
        action: say("alert-action", { verb: "restart", by: "@ann", at: NOW }),
      },
    };
    const ended = cardOf([over], { resolvedAt: NOW + 360_000, takenBy: "@ann" });
    const drilled = cardOf([{ ...drill, resolvedAt: NOW }], { resolvedAt: NOW });
    const lives = [
      [
        "card, pressed, taken and muted",
        alertCard(words, cardOf([pressed], { takenBy: "@ann", mutedUntil: NOW + 4 * 3_600_000 }), 26),
      ],
      ["card of several", alertCard(words, cardOf([over, second, third]), 26)],
      ["card of many", alertCard(words, cardOf(alerts.slice(0, 12)), 26)],
      ["card that is over", alertCard(words, ended, 26)],
      ["its silent reply", endedCard(words, ended)],
      ["reply of several", endedCard(words, cardOf([over, second], { resolvedAt: NOW }))],
      ["reply of a drill", endedCard(words, drilled)],
      ["digest", digestCard(words, [cardOf([first]), cardOf([second, third]), cardOf([over], { resolvedAt: NOW })])],
    ] as const;
    const cards = alerts.map((alert) => shownAs(alert.body.kind, alertCard(words, cardOf([alert]), 26)));
    expectGolden(`alerts.${language}`, [...cards, ...lives.map(([title, card]) => shownAs(title, card))]);
  });
});

/** What people, chats and programs call themselves, and codes: the same in every language. */
const SAME =
  /[@#][\w.]+|\b\w+_\d\b|\b[A-Z][A-Z_]+\d*\b|\S*[-_/:\\={}]\S*|\b(?:pid|id|exit|QR|API|Telegram|Telethon|Pyrogram|Kurigram|GramJS|mtcute|Desktop|tdata|Flotilla|Redis|SMS|Start|English|Ann|[Ss]ignals|archive|news|zebra|oom|https|off|bot|updates\.getDifference|recover@|MTProxy|saveCursor|hooks\.example|fragment\.com|telegram\.org)\b|\.(?:env|session|rescued)\b|\b(?:host|control)\.db\b/g;

test("the Russian chat has no English words but names and what programs said", () => {
  const fromOutside =
    /TypeError|disk I\/O|supervisor ended|node worker|python3|sqlite3|Pixel|Germany|Night watch|News desk|BTC at|Good morning|btc or eth|no answer to ping|info connection|dog|t\.me\/proxy|, rights|p99|host \w|здесь может быть только|sudo fuser|flotilla export|i\.$|пишите or|ann – не отправитель|Маршрут|user:|fleet\.key|has no copy yet|Back up now|Trading desk|Family|Ben \]|More \d|# General|Archive|Desk\?|https без/i;
  for (const file of ["screens", "logins", "alerts", "answers"]) {
    const text = readFileSync(new URL(`golden/${file}.ru.txt`, import.meta.url), "utf8");
    const lines = text.split("\n").filter((line) => !line.startsWith("━━━") && !fromOutside.test(line));
    const left = lines.filter((line) => /[a-z]{3,}/i.test(line.replace(SAME, "")));
    expect(left, `${file}.ru.txt`).toEqual([]);
  }
});

test("each kind of alert has a button that helps, or one that looks again (field fault K12)", async () => {
  const alerts = await goldenAlerts(await controlDb());
  const own = /^v1:(take|hush):/;
  for (const words of ALL_WORDS) {
    for (const alert of alerts.filter(({ body }) => !["notice", "test", "drill"].includes(body.kind))) {
      const { keyboard } = alertCard(words, cardOf([alert]), 26);
      const data = keyboard.flat().flatMap((button) => ("callback_data" in button ? [button.callback_data] : []));
      expect(
        data.filter((each) => !own.test(each)),
        alert.subject,
      ).not.toEqual([]);
    }
  }
});
