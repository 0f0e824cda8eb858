/**
 * Each kind of alert has a remedy: a button that helps or looks again, and a section of the
 * runbook, in the chat and in docs (field fault K12).
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { alertCard } from "../src/alerts/alert-card.ts";
import { ALERT_TABS } from "../src/alerts/alerts-screen.ts";
import { ALERT_KINDS } from "../src/alerts/kinds.ts";
import { handlePress } from "../src/app/presses.ts";
import { meet, startFleet } from "./chat.ts";
import { cardOf, goldenAlerts } from "./golden/alerts.ts";
import { ALL_WORDS, ANN, ASKER, controlDb, crashBody, EN, NOW } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const DOC = readFileSync(new URL("../../../docs/runbooks/alerts.md", import.meta.url), "utf8");

/** Sections of the runbook by the kind that each names. */
function sections(): Map<string, string> {
  const found = DOC.split(/^## /m).slice(1);
  return new Map(found.map((text) => [/^Kind `([a-z-]+)`\.$/m.exec(text)?.[1] ?? text, text]));
}

test("the runbook has a section for each kind, and no other", () => {
  expect([...sections().keys()].sort()).toEqual([...ALERT_KINDS].sort());
});

describe.each(ALERT_KINDS)("what to do about %s", (kind) => {
  test("is in docs as in the chat: what it means, what to do, when it is over", () => {
    const [title = "", ...said] = plainText(EN.html(`runbook-${kind}`).text).split("\n");
    const section = (sections().get(kind) ?? "").replaceAll(/[`*]/g, "");
    expect(section.split("\n")[0]).toBe(title.replace("📖 ", ""));
    expect(said.map((line) => line.split(/[: ]/)[0])).toEqual(["Means", "Do", "Over"]);
    for (const line of said) expect(section).toContain(`- ${line}\n`);
  });

  test("is a short text in each language, and the buttons that it names are there", () => {
    for (const words of ALL_WORDS) {
      const text = plainText(words.html(`runbook-${kind}`).text);
      expect(text.split("\n")).toHaveLength(4);
      expect(text.length).toBeLessThan(600);
      for (const [, name = ""] of text.matchAll(/«(\p{Extended_Pictographic}[^»]+)»/gu))
        expect(LABELS.get(words.language)).toContain(name);
    }
  });
});

/** Every label of a button. */
const LABELS = new Map(
  ALL_WORDS.map(({ language }) => {
    const source = readFileSync(new URL(`../languages/${language}.ftl`, import.meta.url), "utf8");
    return [language, [...source.matchAll(/^button-[\w-]+ = (.*)$/gm)].map((match) => match[1])];
  }),
);

test("each kind that is told on a card has 📖 there, alone and among others", async () => {
  const alerts = await goldenAlerts(await controlDb());
  const told = alerts.filter(({ body }) => body.kind !== "notice");
  expect(new Set(told.map(({ body }) => body.kind))).toEqual(
    new Set(ALERT_KINDS.filter((kind) => kind !== "notice")),
  );
  const leadsTo = (keyboard: ReturnType<typeof alertCard>["keyboard"]): string[] =>
    keyboard.flat().flatMap((button) => ("callback_data" in button ? [button.callback_data] : []));
  for (const words of ALL_WORDS)
    for (const alert of told) {
      const { kind } = alert.body;
      expect(leadsTo(alertCard(words, cardOf([alert]), 26).keyboard), kind).toContain(
        `v1:runbook::${kind}`,
      );
      expect(
        leadsTo(alertCard(words, cardOf([alert, { ...alert, n: -1 }]), 26).keyboard),
        kind,
      ).toContain(`v1:runbook::${kind}`);
    }
});

test("on a card of several it is about the worst that is still open", async () => {
  const row = (kind: "crash" | "gave-up" | "flood", resolvedAt: number | null) => ({
    ...{ n: 1, subject: kind, openedAt: NOW, readyAt: NOW, resolvedBy: null, card: 1 },
    ...{ resolvedAt, body: crashBody({ kind }) },
  });
  const shown = (...rows: ReturnType<typeof row>[]): string =>
    JSON.stringify(alertCard(EN, cardOf(rows), 26).keyboard);
  expect(shown(row("flood", null), row("gave-up", null), row("crash", null))).toContain(
    "v1:runbook::gave-up",
  );
  expect(shown(row("flood", null), row("gave-up", NOW), row("crash", null))).toContain(
    "v1:runbook::crash",
  );
});

test("📖 on an alert card leaves the card and shows the text below; an unknown kind shows the alerts", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const { parts } = fleet;
  parts.alerts.raise("exit:news_1", crashBody(), Date.now());
  await parts.outbox.flush();
  const card = await fleet.waitForBot(777, "crashed");
  const who = {
    admin: ANN,
    role: "viewer",
    asker: ASKER,
    toast: async () => {},
    chat: "777",
    message: card.id,
  } as const;
  const press = (arg: string): Promise<void> =>
    handlePress(parts, {
      ...who,
      id: "press-0000000001",
      press: { verb: "runbook", about: "", arg },
    });
  await press("crash");
  const told = await fleet.waitForBot(777, "Means:");
  expect(told.id).toBeGreaterThan(card.id);
  expect((await fleet.shown(777)).find(({ id }) => id === card.id)?.text).toBe(card.text);
  await press("of-tomorrow");
  expect(parts.panels.screen("777")).toEqual({ kind: "alerts", tab: ALERT_TABS[0], page: 0 });
});
