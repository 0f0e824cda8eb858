import { z } from "zod";
import { HostIdField, WorkerIdField } from "./worker-status.ts";

/** The host that has a floating worker, and which record another host would start it from (ADR 18). */
export const StandbyOwner = z.object({
  worker: WorkerIdField,
  host: HostIdField,
  /** SHA-256 of the sealed record, in hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** When the record was made, in milliseconds since the epoch, by its host. */
  at: z.number(),
  /** What the worker is to do on a host that takes it over. */
  desired: z.enum(["running", "stopped", "maintenance"]),
});
export type StandbyOwner = z.infer<typeof StandbyOwner>;

/** A worker that `to` took over from `from`, until `from` has put its own files away. */
export const TakenOver = z.object({
  worker: WorkerIdField,
  from: HostIdField,
  to: HostIdField,
  /** Milliseconds since the epoch. */
  at: z.number(),
});
export type TakenOver = z.infer<typeof TakenOver>;
