import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import { change } from "./change.ts";
import type { ScheduleDeps } from "./deps.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    schedtag: true;
  }
}

/** Which workers are restarted at night: those of the tag that the button is about, or all. */
export const schedTagButton = button("schedtag", "owner", async (deps: ScheduleDeps, context) => {
  const row = deps.schedules.find("restart");
  if (!row) return await show(deps, context, { kind: "schedules" }, say("toast-stale"));
  change(deps, context, { ...row, tag: context.press.about });
  await show(deps, context, { kind: "schedule", schedule: "restart" });
});
