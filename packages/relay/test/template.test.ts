import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inParts, MAX_TEXT, parseTemplate, render } from "../src/template.ts";
import { aMessage } from "./support.ts";

const bold = (offset: number, length: number) => ({ kind: "bold", offset, length });

describe("a template", () => {
  it("fills in its fields and moves the formatting, counted in UTF-16 units", () => {
    const message = aMessage({
      text: "🚀 up",
      entities: [bold(3, 2)],
      chatUsername: "signals",
      senderName: "Ann",
    });
    const rich = render(
      parseTemplate("😀 {source}/{sender} {{x}}\n{text}\n{link} {date}"),
      message,
    );
    expect(rich.text).toBe(
      "😀 Signals/Ann {x}\n🚀 up\nhttps://t.me/signals/7 2023-11-14 22:13 UTC",
    );
    const [entity] = rich.entities;
    expect(rich.text.slice(entity?.offset, (entity?.offset ?? 0) + (entity?.length ?? 0))).toBe(
      "up",
    );
  });

  it.each(["{txt}", "{", "a } b", "{text"])("%j is refused", (text) => {
    expect(() => parseTemplate(text)).toThrow(expect.objectContaining({ code: "bad-template" }));
  });

  it("keeps each piece of formatting on the same characters, and within the text", () => {
    const part = fc.string({
      unit: fc.constantFrom("a", "б", "😀", "👩‍👩‍👧", " ", "\n", "字"),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, part, part, part, (before, inside, after, prefix) => {
        const text = before + inside + after;
        const message = aMessage({ text, entities: [bold(before.length, inside.length)] });
        const rich = render(parseTemplate(`${prefix}{text}`), message);
        expect(rich.text).toBe(prefix + text);
        for (const { offset, length } of rich.entities) {
          expect(offset + length).toBeLessThanOrEqual(rich.text.length);
          expect(inside).toContain(rich.text.slice(offset, offset + length));
        }
        expect(rich.entities).toHaveLength(1);
      }),
    );
  });
});

describe("field fault B2: a text that is too long for one message", () => {
  const parts = (text: string, first = MAX_TEXT, entities = [bold(0, text.length)]) =>
    inParts({ text, entities }, first);

  it("loses nothing, halves no character, and keeps its formatting", () => {
    const long = fc.string({
      unit: fc.constantFrom("a", "б", "😀", " ", "\n", "字"),
      minLength: 1,
      maxLength: 400,
    });
    const few = fc.integer({ min: 2, max: 60 });
    fc.assert(
      fc.property(long, few, fc.nat(400), fc.nat(400), (text, first, from, length) => {
        const whole = text.repeat(40);
        const found = parts(whole, first, [bold(from, Math.max(1, length))]);
        const bare = (rich: { readonly text: string }): string => rich.text.replace(/\s/g, "");
        expect(found.map(bare).join("")).toBe(whole.replace(/\s/g, ""));
        for (const [n, { text: part, entities }] of found.entries()) {
          expect(part.length).toBeLessThanOrEqual(n === 0 ? first : MAX_TEXT);
          expect(part).toBe(part.trim());
          expect(part.isWellFormed()).toBe(true);
          for (const { offset, length: units } of entities)
            expect(offset + units).toBeLessThanOrEqual(part.length);
        }
        const formatted = found.map(({ text: part, entities }) =>
          entities.map(({ offset, length: units }) => part.slice(offset, offset + units)).join(""),
        );
        expect(formatted.join("").replace(/\s/g, "")).toBe(
          whole.slice(from, from + Math.max(1, length)).replace(/\s/g, ""),
        );
      }),
    );
  });

  it("is cut between lines where that is near, else between words, else between characters", () => {
    expect(parts("aaaa bbbb\ncc dd", 12).map(({ text }) => text)).toEqual(["aaaa bbbb", "cc dd"]);
    expect(parts("aaaa bbbb cc", 10).map(({ text }) => text)).toEqual(["aaaa bbbb", "cc"]);
    expect(parts("aaaaaaaa", 5).map(({ text }) => text)).toEqual(["aaaaa", "aaa"]);
    expect(parts("aaaa😀😀", 5).map(({ text }) => text)).toEqual(["aaaa", "😀😀"]);
    expect(parts("fits", 4).map(({ text }) => text)).toEqual(["fits"]);
    expect(parts("  fits  ", 4).map(({ text }) => text)).toEqual(["fits"]);
    expect(parts("   ").map(({ text }) => text)).toEqual([""]);
  });
});
