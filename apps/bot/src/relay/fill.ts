import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { backButton, refreshButton } from "../kit/keyboard.ts";
import type { Times } from "../kit/words/times.ts";
import type { Words } from "../kit/words/words.ts";

const HOUR_MS = 3_600_000;

/** How much one press fetches: the last so many, or what came within so many milliseconds. */
export const FILLS: Readonly<
  Record<string, { readonly last: number } | { readonly withinMs: number }>
> = {
  f20: { last: 20 },
  f200: { last: 200 },
  fday: { withinMs: 24 * HOUR_MS },
  fweek: { withinMs: 7 * 24 * HOUR_MS },
};

/** Asks how much of the past a route fetches. */
export function fillScreen(words: Words, route: string): Card {
  const button = (op: string) => ({
    text: words.text(`button-fill-${op}`),
    callback_data: encodePress("rset", route, op),
  });
  return {
    html: words.html("fill-title", { route }).text,
    keyboard: [
      [button("f20"), button("f200")],
      [button("fday"), button("fweek")],
      [button("fsince")],
      [
        refreshButton(words, encodePress("rset", route, "fill")),
        backButton(words, encodePress("route", route)),
      ],
    ],
  };
}

/**
 * A day, or a minute of one, as the admin's clock has it: `2026-11-01`, `2026-11-01 14:30`.
 * Milliseconds since the epoch, or null.
 */
export function sinceFromText(text: string, now: number, times: Times): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}))?$/.exec(text.trim());
  if (!match) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  const at = times.at({ year, month, day, hour, minute });
  return at !== null && at <= now ? at : null;
}
