import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, choiceLabel, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import type { ShownDeps } from "./deps.ts";
import { SCHEDULES } from "./kinds.ts";
import { nextLine, runLine, timeOf } from "./lines.ts";
import { scheduleNamed } from "./schedule-desk.ts";
import type { ScheduleRow } from "./schedule-store.ts";

const data = z.object({ schedule: z.enum(SCHEDULES) });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    schedule: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    schedule: true;
  }
}

/** The hours that have a button; any other time is a cron pattern. */
const HOURS = [0, 2, 3, 4, 5, 6, 12, 22] as const;
const RUNS = 5;
const MAX_TAGS = 6;

/** One schedule: what it does, when, for whom, and its last runs. */
export const schedule = screen("schedule", data, (deps: ShownDeps, view: FleetView, shown) => {
  const row = deps.schedules.find(shown.schedule);
  return scheduleScreen(deps, view, row ?? deps.schedules.all()[0]);
});
/** Opens one schedule; the button is about it. */
export const scheduleButton = button("schedule", "viewer", async (deps: ChatDeps, context) => {
  const found = scheduleNamed(context.press.about);
  if (found) return await show(deps, context, { kind: "schedule", schedule: found });
  await show(deps, context, { kind: "schedules" }, say("toast-stale"));
});

function scheduleScreen(deps: ShownDeps, view: FleetView, row: ScheduleRow | undefined): Card {
  const { words, workers } = view;
  const back = backButton(words, encodePress("schedules"));
  if (!row) return { html: words.html("schedule-never").text, keyboard: [[back]] };
  const { id, isOn, tag, time } = row;
  const runs = deps.schedules.history(id, RUNS);
  const sets = view.may("schedset");
  const count = workers.filter(({ tags }) => tag === "" || tags.includes(tag)).length;
  const text = lines(
    words.html("schedule-title", { name: words.text(`schedule-${id}`) }),
    words.html(`schedule-${id}-how`),
    "",
    timeOf(words, deps.scheduleDesk.timing(row), time),
    nextLine(words, deps.scheduleDesk.next(row)),
    id === "restart" && words.html(tag === "" ? "schedule-all" : "schedule-tag", { tag, count }),
    "",
    ...(runs.length === 0
      ? [words.html("schedule-never")]
      : runs.map((run) => runLine(words, run))),
  );
  const turn = {
    text: words.text(isOn ? "button-schedule-off" : "button-schedule-on"),
    callback_data: encodePress("schedset", id, isOn ? "off" : "on"),
  };
  return {
    html: text.text,
    keyboard: rows(
      sets && HOURS.slice(0, 4).map((hour) => hourButton(row, hour)),
      sets && HOURS.slice(4).map((hour) => hourButton(row, hour)),
      sets && id === "restart" && tagRow(words, row, view),
      [sets && turn, sets && verbButton(words, "schedcron", id)],
      [view.may("schedrun") && verbButton(words, "schedrun", id)],
      [refreshButton(words, encodePress("schedule", id)), back],
    ),
  };
}

function hourButton({ id, time }: ScheduleRow, hour: number): InlineKeyboardButton {
  const label = `${String(hour).padStart(2, "0")}:00`;
  const isChosen = time?.kind === "daily" && time.hour === hour;
  return {
    text: choiceLabel(label, isChosen),
    callback_data: encodePress("schedset", id, `h${hour}`),
  };
}

function tagRow(
  words: Words,
  { tag }: ScheduleRow,
  { workers }: FleetView,
): InlineKeyboardButton[] {
  const tags = [...new Set(workers.flatMap((worker) => worker.tags))].toSorted().slice(0, MAX_TAGS);
  return ["", ...tags].map((each) => ({
    text: choiceLabel(each === "" ? words.text("schedule-everyone") : `#${each}`, each === tag),
    callback_data: encodePress("schedtag", each),
  }));
}
