import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { alertCard } from "../src/alerts/alert-card.ts";
import { ALERT_KINDS } from "../src/alerts/kinds.ts";
import { cardOf, goldenAlerts } from "./golden/alerts.ts";
import { answers } from "./golden/answers.ts";
import { expectGolden } from "./golden/chat-text.ts";
import { shownAlerts, shownAnswers, shownLogins, shownScreens } from "./golden/everything.ts";
import { shownRescue } from "./golden/rescue.ts";
import { ALL_WORDS, controlDb, NOW } from "./support.ts";

beforeEach(() => {
  vi.stubEnv("TZ", "UTC");
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => vi.useRealTimers());

/**
 * The chat as people read it: before you change a golden file, read it as an admin at 3 a.m. with a
 * phone.
 */
describe.each(ALL_WORDS.map((words) => [words.language, words] as const))(
  "the chat in %s",
  (language, words) => {
    test("every screen is as it was read and found good", async () => {
      expectGolden(`screens.${language}`, await shownScreens(words));
    });

    test("every step of a login is", () => {
      expectGolden(`logins.${language}`, shownLogins(words));
    });

    test("every answer to a bad route and a refused login is", () => {
      for (const [, said] of answers()) expect(words.has(said.key), said.key).toBe(true);
      expectGolden(`answers.${language}`, shownAnswers(words));
    });

    test("every card of a lost control.db is", () => {
      expectGolden(`rescue.${language}`, shownRescue(words));
    });

    test("every alert is, and what becomes of its card", async () => {
      const alerts = await goldenAlerts(await controlDb());
      expect(new Set(alerts.map(({ body }) => body.kind)), "each kind of alert").toEqual(
        new Set(ALERT_KINDS),
      );
      expectGolden(`alerts.${language}`, await shownAlerts(words));
    });
  },
);

/** What people, chats and programs call themselves, and codes: the same in every language. */
const NAMES = [
  "pid|id|exit|QR|API|Telegram|Telethon|Pyrogram|Kurigram|GramJS|mtcute|Desktop|tdata|Flotilla",
  "Redis|SMS|Start|English|Ann|[Ss]ignals|archive|news|zebra|oom|https|off|bot",
  String.raw`updates\.getDifference|recover@|MTProxy|saveCursor|hooks\.example|fragment\.com`,
  String.raw`Berlin|UTC|telegram\.org`,
];
const SAME = new RegExp(
  [
    String.raw`[@#][\w.]+|\b\w+_\d\b|\b[A-Z][A-Z_]+\d*\b|\S*[-_/:\\={}]\S*`,
    String.raw`\b(?:${NAMES.join("|")})\b`,
    String.raw`\.(?:env|session|rescued)\b|\b(?:host|control)\.db\b`,
  ].join("|"),
  "g",
);

test("the Russian chat has no English words but names and what programs said", () => {
  const fromOutside = new RegExp(
    [
      "TypeError|disk I/O|supervisor ended|node worker|python3|sqlite3|Pixel|Germany|Night watch",
      "News desk|BTC at|Good morning|btc or eth|no answer to ping|info connection|dog",
      String.raw`t\.me/proxy|, rights|p99|host \w|здесь может быть только|sudo fuser`,
      String.raw`npm run flotilla|npm ci|systemctl|flotilla export|i\.$|пишите or|ann – не отправитель|Маршрут`,
      String.raw`user:|fleet\.key|has no copy yet|Back up now|Trading desk|Family|Ben \]|More \d`,
      String.raw`# General|Archive|Desk\?|https без|\bcron\b|The disk is full`,
    ].join("|"),
    "i",
  );
  for (const file of ["screens", "logins", "alerts", "answers", "rescue"]) {
    const text = readFileSync(new URL(`golden/${file}.ru.txt`, import.meta.url), "utf8");
    const lines = text
      .split("\n")
      .filter((line) => !line.startsWith("━━━") && !fromOutside.test(line));
    const left = lines.filter((line) => /[a-z]{3,}/i.test(line.replace(SAME, "")));
    expect(left, `${file}.ru.txt`).toEqual([]);
  }
});

test("each kind of alert has a button that helps, or one that looks again (field fault K12)", async () => {
  const alerts = await goldenAlerts(await controlDb());
  const own = /^v1:(take|hush|runbook):/;
  for (const words of ALL_WORDS) {
    for (const alert of alerts.filter(
      ({ body }) => !["notice", "test", "drill"].includes(body.kind),
    )) {
      const { keyboard } = alertCard(words, cardOf([alert]), 26);
      const data = keyboard
        .flat()
        .flatMap((button) => ("callback_data" in button ? [button.callback_data] : []));
      expect(
        data.filter((each) => !own.test(each)),
        alert.subject,
      ).not.toEqual([]);
    }
  }
});
