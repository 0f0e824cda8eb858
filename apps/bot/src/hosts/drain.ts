import { Asker, HostIdField, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";

/** One worker of a host that is drained. */
export const DrainEntry = z.object({
  worker: WorkerIdField,
  /** `left` = it stays as it is, for the reason in `why`. */
  state: z.enum(["waiting", "begun", "done", "left"]),
  /** Where it goes, or is; null = no move was begun, or it is stopped where it is. */
  to: HostIdField.nullable(),
  /** True = the drain stopped it: it is started when the host takes workers again. */
  wasStopped: z.boolean(),
  /** Tries that went unanswered. Each has a command of its own. */
  tries: z.number().int().nonnegative(),
  /** Why it stays, or that it is gone. */
  why: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type DrainEntry = z.infer<typeof DrainEntry>;

/** A host that takes no workers until an owner ends that, and how far it is emptied. */
export const Drain = z.object({
  id: z.string(),
  host: HostIdField,
  asker: Asker,
  /** Times in milliseconds since the epoch. */
  askedAt: z.number(),
  /** Whether its workers go to other hosts, or are stopped where they are. */
  how: z.enum(["move", "stop"]),
  entries: z.array(DrainEntry),
  /** ✖️ was pressed. */
  cancelling: z.boolean(),
  /** When the last worker was handled; null = it is under way. */
  overAt: z.number().nullable(),
  /** Null = the host takes no workers. */
  end: z.object({ at: z.number(), how: z.enum(["taking", "forgotten"]) }).nullable(),
});
export type Drain = z.infer<typeof Drain>;
