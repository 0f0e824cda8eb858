/** Names from outside cannot turn a line around, hide in it or break it (field fault D8). */
import { parseUserId } from "@flotilla/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameOf } from "../src/kit/chat/target.ts";
import { html } from "../src/kit/words/html.ts";
import { readable, readableName } from "../src/kit/words/readable.ts";
import { meet, startFleet } from "./chat.ts";
import { crashBody, EN } from "./support.ts";

const RLO = "\u202E";
const HIDDEN = [
  "\u202A",
  "\u202B",
  "\u202C",
  "\u202D",
  RLO,
  "\u2066",
  "\u2067",
  "\u2068",
  "\u2069",
  "\u200E",
  "\u200F",
  "\u061C",
];
const BROKEN = [
  "\u0000",
  "\u0007",
  "\u001B",
  "\u007F",
  "\u009B",
  "\u200B",
  "\u2060",
  "\uFEFF",
  "\uFFF9",
];

test.each(
  [...HIDDEN, ...BROKEN].map((mark) => [mark.codePointAt(0)?.toString(16) ?? "", mark] as const),
)("U+%s is in no text, button or toast", (_code, mark) => {
  const name = `Ann${mark}exe.gpj`;
  expect(readable(name)).toBe("Annexe.gpj");
  expect(html`<b>${name}</b>`.text).toBe("<b>Annexe.gpj</b>");
  expect(EN.text("toast-already", { by: name })).toBe("Already requested by Annexe.gpj");
  expect(EN.html("details-account", { name, id: "1" }).text).not.toContain(mark);
  expect(nameOf({ first_name: name })).toBe("Annexe.gpj");
});

describe("what people may be called", () => {
  test.each([
    ["👨‍👩‍👧", "an emoji of several"],
    ["می‌خواهم", "a word with a non-joiner"],
    ["مرحبا", "Arabic"],
    ["Zoë 🏴󠁧󠁢󠁳󠁣󠁴󠁿", "a flag of tags"],
  ])("%s stays as it is: %s", (name) => {
    expect([readable(name), readableName(name)]).toEqual([name, name]);
  });

  test.each([
    ["a\nb", "a b"],
    ["a\u2028b", "a b"],
    ["  a\t b ", "a b"],
    ["\u202E\u2066", ""],
    ["\uD83D", "\uFFFD"],
  ])("%j is shown as %j", (name, shown) => {
    expect(readableName(name)).toBe(shown);
  });

  test("a user without a readable name has a question mark", () => {
    expect([
      nameOf({ first_name: "\u202E" }),
      nameOf(undefined),
      nameOf({ first_name: "x", username: "ann" }),
    ]).toEqual(["?", "?", "@ann"]);
  });
});

test("whatever is put in, nothing is left that turns a line, and doing it twice changes nothing", () => {
  const any = fc.string({
    unit: fc.oneof(
      fc.constantFrom(...HIDDEN, ...BROKEN, "\r", "\uD800"),
      fc.string({ minLength: 1, maxLength: 3 }),
    ),
  });
  fc.assert(
    fc.property(any, (text) => {
      const shown = readable(text);
      expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069\u200E\u200F\u061C]/);
      expect(readable(shown)).toBe(shown);
    }),
  );
});

test("an admin with such a name turns no card and no button of others around", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.admins.saw(parseUserId("778"), `Ben${RLO}txt`, "en");
  fleet.parts.alerts.raise("exit:news_1", crashBody(), Date.now());
  await fleet.parts.outbox.flush();
  fleet.parts.cards.take(1, `Ben${RLO}txt`, Date.now());
  await fleet.parts.outbox.flush();
  await fleet.waitForBot(777, "✋ Bentxt took it");
  await fleet.parts.panels.show("777", { kind: "admins", link: null }, null);
  await fleet.waitForBot(777, "Bentxt");
  const everything = (await fleet.shown(777))
    .map(({ text, keyboard }) => text + JSON.stringify(keyboard))
    .join("");
  expect(everything).not.toContain(RLO);
});
