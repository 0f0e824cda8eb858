import { Asker, HostIdField, KeptBy, ProgramVersion, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";

/** A worker that is to come back, and when its process started before. */
const Before = z.object({ worker: WorkerIdField, startedAt: z.number().nullable() });
export type Before = z.infer<typeof Before>;

/** `at` = when it took this state, in milliseconds since the epoch. */
const progress = {
  state: z.enum(["waiting", "begun", "done", "failed"]),
  at: z.number(),
};

/** One step of a rolling restart. */
export const Step = z.discriminatedUnion("kind", [
  /** One worker, which must run and stay so. `wellSince`: since when it runs; null = not yet. */
  z.object({
    ...progress,
    kind: z.literal("trial"),
    host: HostIdField,
    worker: WorkerIdField,
    wellSince: z.number().nullable(),
  }),
  /** The workers of a host, one after the other. */
  z.object({
    ...progress,
    kind: z.literal("workers"),
    host: HostIdField,
    workers: z.array(WorkerIdField),
  }),
  /** A supervisor with all its workers. `run`: the one to be ended; `backAt`: when another came. */
  z.object({
    ...progress,
    kind: z.literal("supervisor"),
    host: HostIdField,
    run: z.string(),
    keptBy: KeptBy,
    from: ProgramVersion,
    to: ProgramVersion,
    workers: z.array(Before),
    backAt: z.number().nullable(),
  }),
  /** The bot itself. */
  z.object({ ...progress, kind: z.literal("bot"), run: z.string() }),
]);
export type Step = z.infer<typeof Step>;

/** Why a host, or the bot, is left out. `host` null = the bot. */
export const LeftOut = z.object({
  host: HostIdField.nullable(),
  why: z.enum(["silent", "not-kept", "not-installed", "login", "older"]),
});
export type LeftOut = z.infer<typeof LeftOut>;

/** Why a rolling restart ended before its last step. */
export const RollProblem = z.enum([
  "trial-failed",
  "trial-not-running",
  "trial-fell",
  "none-came",
  "no-answer",
  "supervisor-away",
  "supervisor-same",
  "bot-same",
]);
export type RollProblem = z.infer<typeof RollProblem>;

/** A rolling restart, and how far it has come. */
export const Roll = z.object({
  id: z.string(),
  asker: Asker,
  askedAt: z.number(),
  steps: z.array(Step),
  leftOut: z.array(LeftOut),
  /** ✋ Stop here was pressed. */
  stopping: z.boolean(),
  /** Workers that did not come back, with the reason. */
  failed: z.array(z.object({ worker: WorkerIdField, code: z.string(), message: z.string() })),
  /** Messages that each alert of a loss counted before it began, by the number of the alert. */
  lost: z.record(z.string(), z.number()),
  /** Null = it is under way. */
  end: z
    .object({
      at: z.number(),
      how: z.enum(["done", "stopped", "failed"]),
      why: RollProblem.nullable(),
      /** False = messages were lost meanwhile, as the alerts say. */
      isLossFree: z.boolean(),
    })
    .nullable(),
});
export type Roll = z.infer<typeof Roll>;

/** The step in hand, or the next one; null = all are over. */
export function stepInHand(roll: Roll): { readonly n: number; readonly step: Step } | null {
  const n = roll.steps.findIndex(({ state }) => state === "waiting" || state === "begun");
  const step = roll.steps[n];
  return step ? { n, step } : null;
}

/** Id of the command of a step: the same however often it is sent. */
export function commandOf(roll: Roll, n: number): string {
  return `${roll.id}-${n}`;
}
