import { z } from "zod";
import { shown } from "./shown.ts";

/**
 * Class of an error. Restarts, retries, alerts and buttons follow from the class, never from the
 * text. `REQUEST` is an answer to one call that says nothing about the session.
 */
export const ErrorClass = z.enum([
  "NETWORK",
  "TG_SERVER",
  "FLOOD",
  "LIMITED",
  "SESSION_LOCKED",
  "IN_USE",
  "AUTH_DEAD",
  "BANNED",
  "SOURCE",
  "GAP",
  "STUCK",
  "CRASH",
  "OOM",
  "CONFIG",
  "DB_BROKEN",
  "REQUEST",
]);
export type ErrorClass = z.infer<typeof ErrorClass>;

/** A classified error in events, logs and cards. `message` contains no secret. */
export const Fault = z.object({
  class: ErrorClass,
  code: shown(120),
  message: shown(500),
  waitS: z.number().int().nonnegative().optional(),
});
export type Fault = z.infer<typeof Fault>;

/**
 * A {@link Fault} as an error, for a caller that awaits the outcome. Classifying it returns the
 * fault unchanged.
 */
export class FaultError extends Error {
  override readonly name = "FaultError";
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}
