import { z } from "zod";

/** Queue of the ticks; its job schedulers are the schedules of the fleet. */
export const SCHEDULES_QUEUE = "schedules";
/** Name of each job of {@link SCHEDULES_QUEUE}. */
export const TICK = "tick";

/** What a tick says: which schedule it belongs to. */
export const Tick = z.object({ v: z.literal(1), schedule: z.string().min(1).max(40) });
export type Tick = z.infer<typeof Tick>;

/** BullMQ names the jobs of a job scheduler `repeat:<scheduler>:<planned time>`. */
const TICK_ID = /^repeat:([a-z0-9-]{1,40}):(\d{1,16})$/;

/** The schedule and the planned time in the id of a tick; null = it is none of a schedule. */
export function scheduleOf(
  jobId: string,
): { readonly schedule: string; readonly slot: number } | null {
  const [, schedule, slot] = TICK_ID.exec(jobId) ?? [];
  return schedule === undefined ? null : { schedule, slot: Number(slot) };
}
