/** ♻️ Restart rules: from More to the command that the host gets. */
import type { RulesStatus } from "@flotilla/contracts";
import { StatusWriter } from "@flotilla/queue";
import { expect, onTestFinished, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { chosenRules, rulesScreen } from "../src/workers/rules.ts";
import { meet, startFleet } from "./chat.ts";
import { ALL_WORDS, ANN, ASKER, HOST, statusOf, viewOf, WORKER, workerView } from "./support.ts";

const RULES: RulesStatus = {
  crashDelayS: 30,
  crashLimit: 5,
  windowS: 600,
  lockDelaysS: [60, 120],
  own: {},
};

test("the screen says what holds, and whose it is, in every language", () => {
  for (const words of ALL_WORDS) {
    const own = { ...RULES, crashLimit: 10, own: { crashLimit: 10 } };
    const ofFleet = rulesScreen(viewOf([workerView(WORKER, { rules: RULES })], { words }), WORKER);
    const ofWorker = rulesScreen(viewOf([workerView(WORKER, { rules: own })], { words }), WORKER);
    const marked = (card: typeof ofFleet): string[] =>
      card.keyboard.flat().flatMap(({ text }) => (text.startsWith("•") ? [text] : []));
    expect(marked(ofFleet)).toHaveLength(4);
    expect(marked(ofWorker).some((text) => text.includes("10 ×"))).toBe(true);
    expect(ofWorker.keyboard).toHaveLength(ofFleet.keyboard.length + 1);
    expect(rulesScreen(viewOf([workerView(WORKER)], { words }), WORKER).keyboard).toHaveLength(1);
  }
});

test("a press changes one rule and keeps the others; what no button offers is refused", () => {
  const own = { ...RULES, own: { crashDelayS: 5 } };
  expect(chosenRules(own, "l10")).toEqual({ crashDelayS: 5, crashLimit: 10 });
  expect(chosenRules(own, "w3600")).toEqual({ crashDelayS: 5, windowS: 3600 });
  expect(chosenRules(own, "k15")).toEqual({ crashDelayS: 5, lockDelaysS: [15, 30] });
  expect(chosenRules(own, "fleet")).toEqual({});
  for (const wrong of ["l99", "d", "x5", "", "w-1", "k1"])
    expect(chosenRules(own, wrong)).toBeNull();
});

test("the host is asked for the new rules, once what it has is known", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  const press = async (arg: string): Promise<string | undefined> => {
    let said: string | undefined;
    const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
    const toast = async (text?: { key: string }): Promise<void> => {
      said = text?.key;
    };
    const who = { id: `press-0000${message}`, role: "owner" as const, admin: ANN, asker: ASKER };
    await handlePress(fleet.parts, {
      ...who,
      press: { verb: "ruleset", about: WORKER, arg },
      chat: "777",
      message,
      toast,
    });
    return said;
  };
  expect(await press("d5")).toBe("toast-stale");
  const board = new StatusWriter(fleet.place, () => {});
  onTestFinished(() => board.close());
  await board.write({ ...statusOf(WORKER), updatedAt: Date.now(), rules: RULES });
  await fleet.parts.views.look();
  expect(await press("d5")).toBe("toast-queued");
  expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({ verb: "rules", askerName: "Ann" });
  expect(fleet.parts.panels.screen("777")).toEqual({ kind: "rules", worker: WORKER });
});
