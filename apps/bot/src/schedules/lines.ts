import type { Timing } from "@flotilla/queue";
import { type Html, html } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { ChosenTime } from "./kinds.ts";
import type { RunRow } from "./schedule-store.ts";

/** When a schedule is due, in words; a cron pattern as it was written. */
export function timeOf(words: Words, timing: Timing | null, chosen: ChosenTime | null): Html {
  if (timing === null) return words.html("schedule-no-time");
  if (timing.kind === "every")
    return words.html("schedule-every", { hours: timing.everyMs / 3_600_000 });
  const { pattern, zone } = timing;
  const hour = /^0 (\d{1,2}) \* \* \*$/.exec(pattern)?.[1];
  if (hour === undefined || chosen?.kind === "cron")
    return words.html("schedule-cron", { pattern, zone });
  return words.html("schedule-daily", { at: `${hour.padStart(2, "0")}:00`, zone });
}

/** When it runs next; null = it is off. */
export function nextLine(words: Words, next: number | null): Html {
  return next === null ? words.html("schedule-off") : words.html("schedule-next", { at: next });
}

/** How one run went: when, result, duration, and the first reason if it failed. */
export function runLine(words: Words, run: RunRow): Html {
  const { state, begunAt, endedAt, parts, isLate, by } = run;
  const failed = parts.filter((part) => part.state === "failed");
  const over = parts.filter((part) => part.state === "done" || part.state === "failed");
  const said = words.html(`schedule-run-${state}`, {
    at: begunAt,
    ms: (endedAt ?? begunAt) - begunAt,
    done: over.length - failed.length,
    total: parts.length,
  });
  const late = isLate ? html` · ${words.html("schedule-late")}` : html``;
  const who = by.id === "0" ? html`` : html` · ${by.name}`;
  const [first] = failed;
  const why = first ? html`\n     ${first.key}: ${first.said.slice(0, 120)}` : html``;
  return html`${said}${late}${who}${why}`;
}
