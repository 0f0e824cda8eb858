import { parseTemplate, render } from "@flotilla/domain";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aMessage } from "./support.ts";

const bold = (offset: number, length: number) => ({ kind: "bold", offset, length });

describe("a template", () => {
  it("fills in its fields and moves the formatting, counted in UTF-16 units", () => {
    const message = aMessage({ text: "🚀 up", entities: [bold(3, 2)], chatUsername: "signals", senderName: "Ann" });
    const rich = render(parseTemplate("😀 {source}/{sender} {{x}}\n{text}\n{link} {date}"), message);
    expect(rich.text).toBe("😀 Signals/Ann {x}\n🚀 up\nhttps://t.me/signals/7 2023-11-14 22:13 UTC");
    const [entity] = rich.entities;
    expect(rich.text.slice(entity?.offset, (entity?.offset ?? 0) + (entity?.length ?? 0))).toBe("up");
  });

  it.each(["{txt}", "{", "a } b", "{text"])("%j is refused", (text) => {
    expect(() => parseTemplate(text)).toThrow(expect.objectContaining({ code: "bad-template" }));
  });

  it("keeps each piece of formatting on the same characters, and within the text", () => {
    const part = fc.string({ unit: fc.constantFrom("a", "б", "😀", "👩‍👩‍👧", " ", "\n", "字"), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(part, part, part, part, (before, inside, after, prefix) => {
        const text = before + inside + after;
        const message = aMessage({ text, entities: [bold(before.length, inside.length)] });
        const rich = render(parseTemplate(`${prefix}{text}`), message);
        expect(rich.text).toBe((prefix + text).trim());
        for (const { offset, length } of rich.entities) {
          expect(offset + length).toBeLessThanOrEqual(rich.text.length);
          expect(inside).toContain(rich.text.slice(offset, offset + length));
        }
        if (inside.trim() !== "") expect(rich.entities).toHaveLength(1);
      }),
    );
  });

  it("cuts what is too long without halving a character", () => {
    const text = "😀".repeat(2100);
    const rich = render(parseTemplate("x{text}"), aMessage({ text, entities: [bold(0, text.length)] }));
    expect(rich.text).toHaveLength(4095);
    expect(rich.text.isWellFormed()).toBe(true);
    expect(rich.entities).toEqual([bold(1, 4094)]);
  });
});
