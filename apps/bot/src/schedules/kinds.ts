import type { Asker } from "@flotilla/contracts";
import type { Timing } from "@flotilla/queue";
import { z } from "zod";

/** What the fleet does on schedule, in the order of the screen. */
export const SCHEDULES = ["archive", "copies", "check", "restart"] as const;
/** Name of a schedule: that of its job scheduler, its texts and its buttons. */
export type ScheduleId = (typeof SCHEDULES)[number];

/** Who did it where no admin did: 📒 Audit and cards name it. */
export const BY_SCHEDULE: Asker = { id: "0", name: "🗓 by schedule" };

/** The time that an owner chose. The zone is one that Intl takes. */
export const ChosenTime = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("daily"), hour: z.number().int().min(0).max(23), zone: z.string() }),
  z.object({ kind: z.literal("cron"), pattern: z.string(), zone: z.string() }),
]);
export type ChosenTime = z.infer<typeof ChosenTime>;

/** What a schedule is until an owner changes it. */
export interface ScheduleDefaults {
  /** BACKUP_EVERY_H of the bot, in milliseconds; null = archives by hand only. */
  readonly archiveEveryMs: number | null;
  /** Zone of the fleet: that of this process. */
  readonly zone: string;
}

const HOURS: Readonly<Record<Exclude<ScheduleId, "archive">, number>> = {
  copies: 2,
  check: 6,
  restart: 4,
};

/** Whether a schedule is on until an owner changes it: a restart at night wants a decision. */
export function isOnAtFirst(id: ScheduleId): boolean {
  return id !== "restart";
}

/** When a schedule is due; null = never: BACKUP_EVERY_H=0 and no owner chose a time. */
export function timingOf(
  id: ScheduleId,
  chosen: ChosenTime | null,
  { archiveEveryMs, zone }: ScheduleDefaults,
): Timing | null {
  if (chosen?.kind === "cron") return chosen;
  if (chosen) return daily(chosen.hour, chosen.zone);
  if (id !== "archive") return daily(HOURS[id], zone);
  return archiveEveryMs === null ? null : { kind: "every", everyMs: archiveEveryMs };
}

function daily(hour: number, zone: string): Timing {
  return { kind: "cron", pattern: `0 ${hour} * * *`, zone };
}
