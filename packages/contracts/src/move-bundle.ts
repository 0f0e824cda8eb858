import { z } from "zod";
import { OwnRules } from "./worker-rules.ts";
import { LinkStatus, WorkerIdField } from "./worker-status.ts";

/** What the hosts of a move say of a worker, before the bytes of its files. */
export const MoveBundle = z.object({
  v: z.literal(1),
  worker: WorkerIdField,
  /** What it is to be on the new host until the move starts it there. */
  desired: z.enum(["stopped", "maintenance"]),
  rules: OwnRules,
  stats: LinkStatus.nullable(),
  files: z.array(
    z.object({
      name: z.string().regex(/^(session|vault\/[A-Za-z0-9.-]{1,60})$/),
      bytes: z.number().int().nonnegative(),
    }),
  ),
});
export type MoveBundle = z.infer<typeof MoveBundle>;
