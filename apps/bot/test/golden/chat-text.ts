import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, inject } from "vitest";
import type { Card } from "../../src/kit/chat/screen.ts";
import { checkCard } from "../telegram-html.ts";

/** A card as a person sees it: its text, and a line for each row of buttons. */
export function shownAs(title: string, card: Card): string {
  const rows = card.keyboard.map((row) => row.map((button) => `[ ${button.text} ]`).join(" "));
  return [`━━━ ${title}`, checkCard(card), ...(rows.length > 0 ? ["", ...rows] : [])].join("\n");
}

/** Compares with the golden file, or rewrites it when the tests run with UPDATE_GOLDENS=1. */
export function expectGolden(name: string, cards: readonly string[]): void {
  const file = fileURLToPath(new URL(`${name}.txt`, import.meta.url));
  const text = `${cards.join("\n\n").replaceAll("\u00a0", " ")}\n`;
  if (inject("updateGoldens")) writeFileSync(file, text);
  expect(
    text,
    "another text than before: if it is meant, run it once with UPDATE_GOLDENS=1, and read the difference",
  ).toBe(readFileSync(file, "utf8"));
}
