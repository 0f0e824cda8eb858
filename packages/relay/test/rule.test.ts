import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fold } from "../src/fold.ts";
import { judge } from "../src/match.ts";
import { compileRule } from "../src/rule.ts";
import { aMessage } from "./support.ts";

const takes = (rule: string, change: Parameters<typeof aMessage>[0]): boolean =>
  judge({ rule: compileRule(rule) }, [aMessage(change)]).kind === "take";

describe("a rule", () => {
  it.each([
    ["", "anything", true],
    ["btc", "buy BTC now", true],
    ["btc", "buy BTCUSD now", false],
    ["btc*", "buy BTCUSD now", true],
    ["$btc", "go $BTC!", true],
    ["#btc", "x#btc", true],
    ["привет", "Ну, ПРИВЕТ!", true],
    ["привет", "приветствую", false],
    ['"to the moon"', "straight to the moon.", true],
    ["btc eth", "eth and btc", true],
    ["btc and eth", "only btc", false],
    ["btc or eth", "only eth", true],
    ["btc not scam", "btc scam", false],
    ["not (btc or eth)", "doge", true],
    ["not (btc or eth)", "eth", false],
    ["btc or eth doge", "eth", false],
    ["/^buy\\s+\\w+/i", "BUY btc", true],
    ["/^buy/", "BUY btc", false],
    ["word:btc", "btc", true],
  ])("%j on %j: %j", (rule, text, expected) => {
    expect(takes(rule, { text })).toBe(expected);
  });

  // Field fault B10: word boundaries only between characters of scripts that put blanks between
  // words.
  it.each([
    ["比特币", "今天比特币大涨", true],
    ["btc", "我买了btc现货", true],
    ["btc", "我买了xbtc现货", false],
    ["btc", "我买了btc2现货", false],
    ["ビットコイン", "今日ビットコインが急騰", true],
    ["บิตคอยน์", "ราคาบิตคอยน์วันนี้", true],
    ["ဈေးနှုန်း", "ယနေ့ဈေးနှုန်းများ", true],
    ["비트코인", "비트코인이 올랐다", false],
    ["비트코인*", "비트코인이 올랐다", true],
    ["ー", "データ", true],
    ["биткоин", "цена биткоина", false],
  ])("finds where a word ends: %j on %j: %j", (rule, text, expected) => {
    expect(takes(rule, { text })).toBe(expected);
  });

  // Field fault F19: full case folding, without invisible characters, in composed form.
  it.each([
    ["istanbul", "İSTANBUL", true],
    ["İstanbul", "ISTANBUL", true],
    ["straße", "STRASSE", true],
    ["STRASSE", "straße", true],
    ["strasse", "STRAẞE", true],
    ["οδος", "ΟΔΟΣ!", true],
    ["ΟΔΟΣ*", "οδοσήμανση", true],
    ["σοφος", "σοφοσ", true],
    ["ﬁnance", "FINANCE", true],
    ["btc", "b\u200dt\u00adc", true],
    ["b\u2060tc", "BTC", true],
    ["❤", "I ❤\ufe0f it", true],
    ["café", "cafe\u0301", true],
    ["/caf\u00e9/", "cafe\u0301", true],
    ["/cafe\u0301/", "caf\u00e9", true],
    ["/caf./", "cafe\u0301", true],
  ])("compares as people read: %j on %j: %j", (rule, text, expected) => {
    expect(takes(rule, { text })).toBe(expected);
  });

  it("folds a text once: twice changes nothing, and case never matters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1 }), (text) => {
        expect(fold(fold(text))).toBe(fold(text));
        expect(fold(text.toUpperCase())).toBe(fold(text));
      }),
    );
  });

  it("refuses a word of nothing that can be seen", () => {
    expect(() => compileRule('"\u200d\u00ad"')).toThrow("A word is empty");
  });

  it("looks at media, sender and script", () => {
    expect(takes("media:photo,video", { media: "video" })).toBe(true);
    expect(takes("media:none", { media: "video" })).toBe(false);
    expect(takes("media:any", { media: "poll" })).toBe(true);
    expect(takes("from:@Ann_1", { senderUsername: "ann_1" })).toBe(true);
    expect(takes("from:@ann_1,55", { sender: "55" })).toBe(true);
    expect(takes("from:55", { sender: "555" })).toBe(false);
    expect(
      takes("script:cyrillic", { text: "Курс BTC сегодня https://example.org/long/latin/address" }),
    ).toBe(true);
    expect(takes("script:latin", { text: "123 !" })).toBe(false);
  });

  it("says what was met", () => {
    const rule = compileRule("(btc or eth) not scam media:none");
    expect(judge({ rule }, [aMessage()])).toEqual({ kind: "take", because: ["btc", "media:none"] });
  });

  it.each([
    ["(btc", "A ) is missing"],
    ["btc)", "without its ("],
    ["btc, eth", "not a comma"],
    ["btc and", "A word is missing here (at character 8"],
    ["/a(/", "is not a regular expression"],
    ["/(?=a)/", "is not a regular expression"],
    ["/a/g", "only i is known"],
    ["/abc", "ends with /"],
    ['"abc', "is not closed"],
    ["media:foto", "foto is not one of"],
    ["from:ann", "no sender"],
    [`${"(".repeat(30)}a${")".repeat(30)}`, "nested too deeply"],
    [`/${"a".repeat(201)}/`, "at most 200"],
  ])("%j is refused: %s", (rule, message) => {
    expect(() => compileRule(rule)).toThrow(message);
  });

  it("never breaks in another way than bad-rule, and never hangs", () => {
    const piece = fc.constantFrom(
      "(",
      ")",
      "not",
      "and",
      "or",
      "btc",
      "/a+b/",
      "/(a+)+$/",
      "media:any",
      "from:@ann_1",
      '"',
      "*",
      ",",
      "😀",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 12 }),
        fc.string({ unit: "grapheme" }),
        (pieces, text) => {
          try {
            takes(pieces.join(" "), { text: `${text}${"a".repeat(3000)}` });
          } catch (error) {
            expect(error).toMatchObject({ code: "bad-rule" });
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("finds exactly the whole words", () => {
    const word = fc
      .stringMatching(/^[a-z0-9]{1,5}$/)
      .filter((text) => !["and", "or", "not"].includes(text));
    fc.assert(
      fc.property(
        word,
        fc.array(word, { maxLength: 8 }),
        fc.constantFrom(" ", ", ", "-", "😀"),
        (wanted, words, gap) => {
          expect(takes(wanted, { text: words.join(gap) })).toBe(words.includes(wanted));
        },
      ),
    );
  });
});
