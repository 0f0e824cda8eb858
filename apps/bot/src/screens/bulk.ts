import { encodePress } from "@flotilla/contracts";
import type { BulkRow } from "../store/bulks.ts";
import type { Words } from "../words/words.ts";
import { backButton, verbButton } from "./buttons.ts";
import { why } from "./command-line.ts";
import { html, lines } from "./html.ts";
import type { Card } from "./screen.ts";

const BAR = 12;

/** The progress of one act on many workers: one card, edited in place. */
export function bulkScreen(words: Words, bulk: BulkRow | null): Card {
  const menu = [backButton(words, encodePress("menu"))];
  if (!bulk) return { html: words.html("bulk-gone").text, keyboard: [menu] };
  const reports = Object.values(bulk.hosts);
  const done = reports.flatMap((each) => each.done).length;
  const failed = reports.flatMap((each) => each.failed);
  const over = reports.every((each) => each.over);
  const filled = Math.round((BAR * (done + failed.length)) / Math.max(1, bulk.total));
  const current = reports.flatMap((each) => each.current ?? []);
  const state = over
    ? failed.length === 0 && done === bulk.total
      ? "done"
      : "incomplete"
    : bulk.cancelled
      ? "stopping"
      : "running";
  return {
    html: lines(
      words.html(`bulk-title-${bulk.action}`, { count: bulk.total }),
      html`<code>${"█".repeat(filled)}${"░".repeat(BAR - filled)}</code> ${done + failed.length}/${bulk.total}`,
      words.html(`bulk-${state}`, { done, failed: failed.length, left: bulk.total - done - failed.length }),
      current.length > 0 && !over ? words.html("bulk-current", { workers: current.join(", ") }) : null,
      reports.some((each) => each.phase === "canary-failed") ? words.html("bulk-canary-failed") : null,
      reports.some((each) => each.phase === "canary") && !over ? words.html("bulk-canary") : null,
      ...failed
        .slice(0, 8)
        .map((each) => html`❌ <b>${each.worker}</b>: ${why(words, { code: each.code, result: each.message })}`),
      words.html("asked-by", { by: bulk.askerName, at: bulk.askedAt }),
    ).text,
    keyboard:
      over || bulk.cancelled ? [menu] : [[{ ...verbButton(words, "bulkstop", "", bulk.id.slice(-16)), style: "danger" }], menu],
  };
}
