import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ErrorClass, WorkerState } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { LANGUAGES, languageFor } from "../src/kit/words/words.ts";
import { ALL_WORDS, EN } from "./support.ts";
import { plainText } from "./telegram-html.ts";

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const SOURCES = readdirSync(folder("../src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(join(folder("../src"), path), "utf8"))
  .join("\n");

/** The texts of a language as a translator wrote them, by key. */
function textsOf(language: string): Map<string, string> {
  const lines = readFileSync(join(folder("../languages"), `${language}.ftl`), "utf8").split("\n");
  const texts = new Map<string, string>();
  let key = "";
  for (const line of lines.filter((each) => !each.startsWith("#"))) {
    const start = /^([a-zA-Z][\w-]*) =/.exec(line)?.[1];
    if (start !== undefined && texts.has(start))
      throw new Error(`${start} is there twice in ${language}`);
    key = start ?? key;
    if (key !== "") texts.set(key, `${texts.get(key) ?? ""}${line}\n`);
  }
  return texts;
}

/** The names of what is put into a text. */
const placeholders = (text: string): string[] =>
  [...new Set([...text.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? ""))].sort();

/** Keys that the sources name, and beginnings of keys that they put together. */
const LITERALS = new Set(
  [...SOURCES.matchAll(/"([a-z]+(?:-[\w-]+)?)"/g)].map((match) => match[1] ?? ""),
);
const NAMED = [...SOURCES.matchAll(/\b(?:say|text|html|has|plural)\(\s*"([a-zA-Z][\w-]*)"/g)].map(
  (match) => match[1] ?? "",
);
const BEGINNINGS = new Set(
  [...SOURCES.matchAll(/`([a-z]+(?:-[a-z]+)*-)\$\{/g)].map((match) => match[1] ?? ""),
);
/** Put together as `family-${verb}`. */
const FAMILIES = ["doing-", "done-"];

const english = textsOf("en");

describe.each(LANGUAGES)("the texts in %s", (language) => {
  const texts = textsOf(language);
  const words = ALL_WORDS.find((each) => each.language === language) ?? EN;

  test("are the same keys as in English, none missing and none left over", () => {
    expect([...texts.keys()].sort()).toEqual([...english.keys()].sort());
  });

  test("take the same placeholders as in English", () => {
    for (const [key, text] of texts)
      expect([key, placeholders(text)]).toEqual([key, placeholders(english.get(key) ?? "")]);
  });

  test("have words for every state and every class of errors", () => {
    for (const state of WorkerState.options) expect(words.has(`state-${state}`), state).toBe(true);
    for (const kind of ErrorClass.options) expect(words.has(`class-${kind}`), kind).toBe(true);
  });

  test("are HTML that Telegram takes, filled with anything, and buttons and answers have no tags", () => {
    for (const [key, text] of texts) {
      for (const value of [1, 2, 5, 1_800_000_000_000]) {
        const args = Object.fromEntries(placeholders(text).map((name) => [name, value]));
        const shown = words.html(key, args).text;
        plainText(shown);
        expect(shown, key).not.toMatch(/\{|[\u2066-\u2069]/);
        if (/^(button|toast|command|problem|state)-/.test(key))
          expect(shown, key).not.toMatch(/[<&]/);
      }
    }
  });
});

test("every text is used, and every text that is used is there", () => {
  const unused = [...english.keys()].filter(
    (key) =>
      !LITERALS.has(key) &&
      ![...BEGINNINGS, ...FAMILIES].some((beginning) => key.startsWith(beginning)),
  );
  expect(unused, "texts that nothing shows").toEqual([]);
  expect(NAMED.length).toBeGreaterThan(50);
  expect(
    NAMED.filter((key) => !english.has(key)),
    "texts that no file has",
  ).toEqual([]);
});

test("Russian counts as Russians do", () => {
  const ru = ALL_WORDS.find((words) => words.language === "ru") ?? EN;
  const counted = [1, 2, 5, 11, 21, 1204].map((count) =>
    plainText(ru.html("menu-title", { count }).text),
  );
  expect(counted.map((text) => text.replace(/\u00a0/g, " ").replace("🛰 Парк · ", ""))).toEqual([
    "1 воркер",
    "2 воркера",
    "5 воркеров",
    "11 воркеров",
    "21 воркер",
    "1 204 воркера",
  ]);
});

test("durations have two units at most", () => {
  expect([0, 45_000, 180_000, 7_500_000, 183_600_000].map((ms) => EN.duration(ms))).toEqual([
    "0 s",
    "45 s",
    "3 min",
    "2 h 5 min",
    "2 d 3 h",
  ]);
});

test("what is put into a text is text, and what an account calls itself is no tag", () => {
  expect(EN.html("details-account", { name: "<b>&", id: "1" }).text).toBe(
    "Account: &lt;b&gt;&amp; · id …1",
  );
  expect(EN.text("toast-already", { by: "<b>" })).toBe("Already requested by <b>");
});

test.each([
  ["ru", "ru"],
  ["ru-RU", "ru"],
  ["en-GB", "en"],
  ["pt-br", "en"],
  [undefined, "en"],
] as const)("a client that speaks %s gets %s", (code, language) => {
  expect(languageFor(code)).toBe(language);
});

test("each way in which a login code comes has words of its own, in every language", () => {
  const ways = [
    "app",
    "sms",
    "call",
    "flash-call",
    "email",
    "fragment",
    "email-setup",
    "firebase",
    "sms-word",
    "sms-phrase",
    "unknown",
  ];
  for (const words of ALL_WORDS) {
    const texts = ways.map((via) => words.text("login-code-sent", { via }));
    expect(new Set(texts).size).toBe(ways.length);
    for (const text of texts) expect(text).not.toMatch(/unknown|firebase/i);
    expect(words.text("login-code-sent", { via: "something new" })).toBe(texts.at(-1));
  }
});
