import { z } from "zod";
import { HostBackup } from "./host-backup.ts";
import { HostCapacity, HostLabels } from "./host-capacity.ts";
import { HostProgram } from "./host-program.ts";
import { HostIdField, STATUS_STALE_MS } from "./worker-status.ts";

/** The row that a supervisor writes for its host, every {@link STATUS_REFRESH_MS}. */
export const HostRow = z.object({
  host: HostIdField,
  /** Its HOSTS setting. */
  hosts: z.enum(["one", "several"]),
  /** Write time, in milliseconds since the epoch. */
  at: z.number(),
  /** Its backups. Absent: a host of an older version. */
  backup: HostBackup.exactOptional(),
  /** Its program. Absent: a host of an older version. */
  program: HostProgram.exactOptional(),
  /** Whether other hosts can get files of relays from it (its HOST_URL). */
  files: z.boolean().exactOptional(),
  /** What it can carry. Absent: a host of an older version. */
  capacity: HostCapacity.exactOptional(),
  /** Its HOST_LABELS. Absent: a host of an older version. */
  labels: HostLabels.exactOptional(),
  /** In Redis only: `at` by the clock of Redis. Readers get `at` converted to their own clock. */
  toldAt: z.number().exactOptional(),
});
export type HostRow = z.infer<typeof HostRow>;

/**
 * The live hosts when there are two or more and at least one is set to HOSTS=one; otherwise empty.
 */
export function hostsTooMany(rows: readonly HostRow[], now: number): readonly HostRow[] {
  const running = rows.filter(({ at }) => now - at <= STATUS_STALE_MS);
  if (running.length > 1 && running.some(({ hosts }) => hosts === "one")) return running;
  return [];
}
