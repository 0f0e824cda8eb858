import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import type { ScheduleDeps } from "./deps.ts";
import { scheduleNamed } from "./schedule-desk.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    schedrun: true;
  }
}

/** ▶️ Run now, besides its times. */
export const schedRunButton = button(
  "schedrun",
  "operator",
  async (deps: ScheduleDeps, context) => {
    const id = scheduleNamed(context.press.about);
    if (!id) return await show(deps, context, { kind: "schedules" }, say("toast-stale"));
    const run = deps.scheduleDesk.runNow(id, context.asker);
    const said = say(run ? "toast-schedule-runs" : "toast-schedule-running");
    await show(deps, context, { kind: "schedule", schedule: id }, said);
  },
);
