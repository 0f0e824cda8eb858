/** Invisible marks, dashes, digits and quotes in pasted text (field faults C1, C2). */
import { cleanPaste, encodedTexts, parsePhone } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";

test.each([
  ["\u202A+49\u00A0151\u201323456789\u202C", "+4915123456789"],
  ["\u2068+1\u202F(555)\u2011010\u20110002\u2069", "+15550100002"],
  ["\uFEFF\u200E+971 ٥٠ ١٢٣ ٤٥٦٧", "+971501234567"],
  ["+९१ ९८७६५ ४३२१०", "+919876543210"],
  ["＋８１－９０－１２３４－５６７８", "+819012345678"],
  ["tel:+49-151-23456789;ext=7", "+4915123456789"],
  ["tel:%2B4915123456789", "+4915123456789"],
  ["TEL://+4915123456789", "+4915123456789"],
  ["0049 151 / 234 567 89", "+4915123456789"],
  ["+49 (0) 151 23456789", "+4915123456789"],
  ["“+49 151 2345−6789”", "+4915123456789"],
  ["4915123456789", "4915123456789"],
  ["+49 151 23456789,", "+4915123456789"],
  ["||+4915123456789||", "+4915123456789"],
  ["📞 +49 151 23456789", "+4915123456789"],
  ["тел.: +7 999 123-45-67 (Иван)", "+79991234567"],
  ["[+49 151 23456789](tel:+4915123456789)", "+4915123456789"],
  ["+49 151\n23456789", "+4915123456789"],
  ["+49·151·234•567•89", "+4915123456789"],
  ["+49 [0] 151 23456789", "+4915123456789"],
  ["+1 555 010 0002 ext. 5", "+15550100002"],
  ["https://wa.me/4915123456789?text=hi", "4915123456789"],
  ["t.me/+4915123456789", "+4915123456789"],
  ["⁺⁴⁹ ¹⁵¹ ²³⁴⁵⁶⁷⁸⁹", "+4915123456789"],
])("%j is a phone number", (pasted, number) => {
  expect(parsePhone(pasted)).toBe(number);
});

test.each([
  "one: +49 151 23456789 two: +49 151 23456780",
  "order 4915123456789",
  "",
  "hello",
  "+49",
  "12345",
  "+49151234567891011",
  "+49 151 CALL-ME",
  "1,2,3,4,5,6,7",
  "tel:%E0%A4%A",
])("%j is none", (pasted) => {
  expect(parsePhone(pasted)).toBeNull();
});

test("cleaning twice is cleaning once, digits of every script are digits, and text keeps its letters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const once = cleanPaste(text);
      expect(cleanPaste(once)).toBe(once);
      expect(once).not.toMatch(/[\u202a-\u202e\ufeff]/);
    }),
  );
  expect(cleanPaste("০১২৩৪৫৬৭৮৯ 𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡 𝟎𝟗")).toBe("0123456789 0123456789 09");
  expect(cleanPaste(" “Ünïcode – ключ” ")).toBe("Ünïcode - ключ");
});

const TEXT = `1${"AbC_-9/+".repeat(44)}`;

test.each([
  ["as it is", TEXT],
  ["byte order mark", `\uFEFF${TEXT}`],
  ["quotes", `"${TEXT}"`],
  ["typographic quotes", `„${TEXT}“`],
  ["line breaks of a mail", TEXT.replace(/.{76}/g, "$&\r\n")],
  ["wrapped into indented lines", TEXT.replace(/.{76}/g, "$&\n    ")],
  ["wrapped by blanks", TEXT.replace(/.{60}/g, "$& ")],
  ["a code fence", `\`\`\`python\n${TEXT}\n\`\`\``],
  ["one code mark", `\`${TEXT}\``],
  ["a line of .env", `SESSION="${TEXT}"\nAPI_ID=1\n`],
  ["a line of a program", `client = TelegramClient(StringSession('${TEXT}'), 1, "x")`],
  ["words before it", `Here it is:\n\n${TEXT}\n\nthanks`],
  ["a code fence on one line", `\`\`\`${TEXT}\`\`\``],
  ["marks of italic text", `__${TEXT}=__`],
  ["lines in quotes", `s = (${TEXT.replace(/.{70}/g, '"$&"\n  ')}")`],
  ["lines that a program adds", `"${TEXT.replace(/.{70}/g, '$&" +\n  "')}"`],
  ["marks of a mail that is answered", `> ${TEXT.replace(/.{60}/g, "$&\n> ")}\nthanks`],
  ["numbers of lines", TEXT.replace(/.{1,60}/g, "7 $&\n")],
  ["a block of YAML", `session: >-\n  ${TEXT.replace(/.{70}/g, "$&\n  ")}\nname: x`],
  [
    "lines of a PEM file",
    `-----BEGIN SESSION-----\n${TEXT.replace(/.{64}/g, "$&\n")}\n-----END SESSION-----`,
  ],
  ["line breaks of JSON", JSON.stringify(TEXT.replace(/.{76}/g, "$&\r\n"))],
  ["percent encoding", `?session=${encodeURIComponent(TEXT)}&x=1`],
  ["marks of direction", `\u202A${TEXT}\u202C`],
])("an encoded text with %s is found", (_what, pasted) => {
  expect(encodedTexts(pasted, 200)).toContain(TEXT);
});

test("two dashes that an editor made one are two again", () => {
  const dashes = `1${"AbC--9".repeat(50)}`;
  expect(encodedTexts(dashes.replaceAll("--", "\u2014"), 200)).toContain(dashes);
});
