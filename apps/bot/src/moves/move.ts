import { Asker, HostIdField, WorkerIdField } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { z } from "zod";

/**
 * The steps of a move. There: `pack` (old host), `unpack` and `start` (new host), `clear` (old
 * host). Back: `drop` (new host), `restart` (old host).
 */
export const MoveStep = z.enum(["pack", "unpack", "start", "clear", "drop", "restart"]);
export type MoveStep = z.infer<typeof MoveStep>;

/** The move of one worker to another host, and how far it has come. */
export const Move = z.object({
  id: z.string(),
  worker: WorkerIdField,
  from: HostIdField,
  to: HostIdField,
  asker: Asker,
  /** Times in milliseconds since the epoch. */
  askedAt: z.number(),
  /** False = it was stopped: it is moved, and started nowhere. */
  wasRunning: z.boolean(),
  step: MoveStep,
  /** When the step, or this try of it, was begun. */
  at: z.number(),
  /** Counts all tries of all steps: each has a command of its own. */
  attempt: z.number().int().nonnegative(),
  /** Tries of this step. */
  tries: z.number().int().nonnegative(),
  /** Times that it was packed. */
  packs: z.number().int().positive(),
  /** ✖️ was pressed while that was safe. */
  cancelling: z.boolean(),
  /** Why it goes, or went, back; null = it does not, or an admin wanted it. */
  why: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** Null = it is under way. */
  end: z.object({ at: z.number(), how: z.enum(["moved", "back"]) }).nullable(),
});
export type Move = z.infer<typeof Move>;

/** Id of the command of the step in hand: the same however often it is sent. */
export function commandOf({ id, attempt }: Move): string {
  return `${id}-${attempt}`;
}

/** The one host that has the worker: nothing else may start it. */
export function ownerOf({ step, from, to, end }: Move): HostId {
  if (end) return end.how === "moved" ? to : from;
  return step === "start" || step === "clear" || step === "drop" ? to : from;
}

/** The host that does the step in hand. */
export function hostOf({ step, from, to }: Move): HostId {
  return step === "pack" || step === "clear" || step === "restart" ? from : to;
}

/**
 * The move when one of its hosts was forgotten, because it is gone for good: the host that is left
 * keeps the worker. If both wait for the lost one, the worker is lost with it.
 */
export function withoutHost(move: Move, host: HostId, now: number): Move {
  if (move.end || (move.from !== host && move.to !== host)) return move;
  const owner = ownerOf(move);
  if (owner === host || move.from === host)
    return { ...move, end: { at: now, how: owner === move.to ? "moved" : "back" } };
  if (move.step === "restart") return move;
  return { ...move, step: "restart", at: now, attempt: move.attempt + 1, tries: 0 };
}

/** Whether ✖️ still stops it: nothing was started on the new host. */
export function isCancellable({ step, end, cancelling }: Move): boolean {
  return end === null && !cancelling && (step === "pack" || step === "unpack");
}

/** Whether buttons about the worker must wait: it is between two hosts. */
export function isBetween({ step, end }: Move): boolean {
  return end === null && step !== "clear";
}
