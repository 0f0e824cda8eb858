import { AppError } from "@flotilla/kernel";
import { cronTiming } from "@flotilla/queue";
import { answered, askAgain, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { question } from "../kit/question.ts";
import { type Said, say } from "../kit/words/said.ts";
import { change } from "./change.ts";
import type { ScheduleDeps } from "./deps.ts";
import type { ChosenTime } from "./kinds.ts";
import { scheduleNamed } from "./schedule-desk.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    schedcron: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    schedcron: true;
  }
}

const ASKING = { what: "schedcron", worker: null, back: "schedules" } as const;

/** ⏱ Another time: an hour and minute, or a cron pattern, as the next text. */
export const schedCronButton = button("schedcron", "owner", async (deps: ScheduleDeps, context) => {
  const id = scheduleNamed(context.press.about);
  if (id) return await askFor(deps, context, { ...ASKING, about: id });
  await show(deps, context, { kind: "schedules" }, say("toast-stale"));
});

/** The time of a schedule, in the zone of the one who writes it. */
export const schedCronQuestion = question(
  "schedcron",
  schedCronButton,
  async (deps: ScheduleDeps, context, about) => {
    const id = scheduleNamed(about);
    const row = id && deps.schedules.find(id);
    if (!row) return await answered(deps, context, { kind: "schedules" });
    const zone = deps.admins.zone(context.admin) ?? deps.defaults.zone;
    const read = timeFromText(context.text, zone, deps.clock.now());
    if (read.kind === "bad") return await askAgain(deps, context, ASKING, read.why);
    change(deps, context, { ...row, time: read.time });
    await answered(deps, context, { kind: "schedule", schedule: row.id });
  },
);

type Read =
  | { readonly kind: "time"; readonly time: ChosenTime }
  | { readonly kind: "bad"; readonly why: Said };

/** `04:30` as well as `30 4 * * *`. */
function timeFromText(text: string, zone: string, now: number): Read {
  const [, hour, minute] = /^\s*([01]?\d|2[0-3])[:.]([0-5]\d)\s*$/.exec(text) ?? [];
  const pattern = hour === undefined ? text : `${Number(minute)} ${Number(hour)} * * *`;
  try {
    return { kind: "time", time: cronTiming(pattern, zone, now) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: "bad", why: say("ask-schedcron-bad", { why: error.message }) };
  }
}
