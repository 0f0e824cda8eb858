import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import type { ScheduleDeps } from "./deps.ts";
import type { ScheduleRow } from "./schedule-store.ts";

/** Changes a schedule and writes down who did it. */
export function change(
  { schedules, audit, clock, scheduleDesk }: ScheduleDeps,
  { asker }: Pick<PressContext, "asker">,
  row: ScheduleRow,
): void {
  const now = clock.now();
  schedules.set(row.id, row, now);
  const timing = scheduleDesk.timing(row);
  const pattern = timing?.kind === "cron" ? `${timing.pattern} ${timing.zone}` : "";
  const isOn = row.isOn ? "on" : "off";
  const tag = row.tag === "" ? "" : `#${row.tag}`;
  audit.write(asker, say("audit-schedule-set", { what: row.id, isOn, pattern, tag }), null, now);
}
