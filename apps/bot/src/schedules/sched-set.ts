import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import { change } from "./change.ts";
import type { ScheduleDeps } from "./deps.ts";
import type { ChosenTime } from "./kinds.ts";
import { scheduleNamed } from "./schedule-desk.ts";
import type { ScheduleRow } from "./schedule-store.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    schedset: true;
  }
}

/** Switches a schedule on or off, or sets its hour, in the zone of the one who presses. */
export const schedSetButton = button("schedset", "owner", async (deps: ScheduleDeps, context) => {
  const id = scheduleNamed(context.press.about);
  const row = id && deps.schedules.find(id);
  const zone = deps.admins.zone(context.admin) ?? deps.defaults.zone;
  const wanted = row && changed(row, context.press.arg, zone);
  if (!wanted) return await show(deps, context, { kind: "schedules" }, say("toast-stale"));
  change(deps, context, wanted);
  await show(deps, context, { kind: "schedule", schedule: wanted.id });
});

function changed(row: ScheduleRow, arg: string, zone: string): ScheduleRow | null {
  if (arg === "on" || arg === "off") return { ...row, isOn: arg === "on" };
  const hour = /^h(\d|1\d|2[0-3])$/.exec(arg)?.[1];
  if (hour === undefined) return null;
  const time: ChosenTime = { kind: "daily", hour: Number(hour), zone };
  return { ...row, time };
}
