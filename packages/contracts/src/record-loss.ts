import { z } from "zod";
import { WorkerIdField } from "./worker-status.ts";

/**
 * The loss of a host.db, which a host keeps in its new one until an owner decides about the backup:
 * what of the new record is a decision of people, and what only came about by the loss.
 */
export const RecordLoss = z.object({
  kind: z.enum(["record-set-aside", "record-missing"]),
  /** When it was found, in milliseconds since the epoch: later archives hold the new record. */
  at: z.number(),
  /** Paths, in no language. */
  detail: z.string(),
  /** Workers that run because their sessions say that they ran here. */
  started: z.array(WorkerIdField),
  /** Rows of workers that changed since. `adds`: exits were only added. */
  changed: z.array(
    z.object({ of: z.enum(["worker", "exits", "rules"]), id: WorkerIdField, adds: z.boolean() }),
  ),
});
export type RecordLoss = z.infer<typeof RecordLoss>;
