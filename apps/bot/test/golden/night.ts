import { BY_SCHEDULE } from "../../src/schedules/kinds.ts";
import type { Part, RunRow, ScheduleStore } from "../../src/schedules/schedule-store.ts";
import { ASKER, NOW } from "../support.ts";

const HOUR_MS = 3_600_000;
/** As of a fleet in Berlin with the settings of `.env.example`. */
export const DEFAULTS = { archiveEveryMs: 24 * HOUR_MS, zone: "Europe/Berlin" };

/** Schedules with runs of every kind. */
export function aNight(schedules: ScheduleStore): void {
  schedules.begin(NOW - HOUR_MS);
  const ended = (
    schedule: RunRow["schedule"],
    hoursAgo: number,
    more: Partial<RunRow> = {},
  ): number => {
    const begunAt = NOW - hoursAgo * HOUR_MS;
    const run = { schedule, slot: begunAt, begunAt, endedAt: begunAt + 42_000 };
    const rest = { state: "done", isLate: false, by: BY_SCHEDULE, parts: [] } as const;
    return schedules.addRun({ ...run, ...rest, ...more });
  };
  const part = (key: string, said = "", state: Part["state"] = "done"): Part => ({
    key,
    id: "a",
    state,
    before: null,
    said,
  });
  ended("archive", 30, { isLate: true, parts: [part("host-a")] });
  ended("archive", 6, { parts: [part("host-a"), part("host-b")] });
  const broken = part("news_1", "The disk is full.", "failed");
  ended("copies", 5, { state: "failed", parts: [broken, part("news_2", "copied")] });
  ended("copies", 1, { state: "skipped" });
  ended("check", 2, { by: ASKER, parts: [part("host-a")] });
  ended("restart", 0.1, {
    state: "running",
    endedAt: null,
    parts: [part("news_1"), part("news_2", "", "asked")],
  });
}
