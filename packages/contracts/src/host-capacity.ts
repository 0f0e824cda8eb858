import { z } from "zod";

/** What a host can carry, by its own measure. Sizes in bytes. */
export const HostCapacity = z.object({
  /** Memory that its processes may use: that of the machine, or of its control group. */
  memoryBytes: z.number().nonnegative(),
  freeBytes: z.number().nonnegative(),
  cores: z.number().int().positive(),
  /** Load average of the last minute; 0 where the system does not report it. */
  load: z.number().nonnegative(),
  /** Number of its workers by state. */
  workers: z.record(z.string(), z.number().int().nonnegative()),
  /** Number of further workers that its free memory holds. */
  room: z.number().int().nonnegative(),
});
export type HostCapacity = z.infer<typeof HostCapacity>;

/** Words that an owner gives a host, such as `eu`, by HOST_LABELS. */
export const HostLabels = z.array(z.string().regex(/^[a-z0-9_-]{1,32}$/)).max(20);

/**
 * Share of a host that is used, 0 to 1 and more: of its processors or of its memory, whichever is
 * fuller.
 */
export function loadOf({ memoryBytes, freeBytes, cores, load }: HostCapacity): number {
  const memory = memoryBytes === 0 ? 1 : 1 - freeBytes / memoryBytes;
  return Math.max(load / cores, memory);
}
