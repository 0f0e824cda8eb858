import type { AdminStore } from "../admins/admin-store.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { ScheduleDefaults } from "./kinds.ts";
import type { ScheduleDesk } from "./schedule-desk.ts";
import type { ScheduleStore } from "./schedule-store.ts";

/** What buttons of 🗓 Schedules work with. */
export interface ScheduleDeps
  extends Pick<WorkerDeps, "panels" | "alertActions" | "clock" | "audit"> {
  readonly admins: AdminStore;
  readonly schedules: ScheduleStore;
  readonly scheduleDesk: ScheduleDesk;
  readonly defaults: ScheduleDefaults;
}

/** What screens of 🗓 Schedules find their data in. */
export interface ShownDeps extends Pick<ScheduleDeps, "schedules"> {
  readonly scheduleDesk: Pick<ScheduleDesk, "timing" | "next">;
}
