import { z } from "zod";
import { HostIdField, STATUS_STALE_MS } from "./worker-status.ts";

/** What a supervisor says of its host, every {@link STATUS_REFRESH_MS}. */
export const HostRow = z.object({
  host: HostIdField,
  /** Its HOSTS: how many hosts it believes there are. */
  hosts: z.enum(["one", "several"]),
  /** When it said so. Milliseconds since the epoch. */
  at: z.number(),
  /** In Redis only: the same by the clock of Redis. Who reads it gets `at` by the own clock. */
  toldAt: z.number().exactOptional(),
});
export type HostRow = z.infer<typeof HostRow>;

/** The hosts that run at the same time although one of them (or more) believes that it is the only one; none when all is well. */
export function hostsTooMany(rows: readonly HostRow[], now: number): readonly HostRow[] {
  const running = rows.filter(({ at }) => now - at <= STATUS_STALE_MS);
  return running.length > 1 && running.some(({ hosts }) => hosts === "one") ? running : [];
}
