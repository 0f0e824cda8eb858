import { z } from "zod";

/** A worker's own rules; absent values come from the fleet. Seconds, as in the environment. */
export const OwnRules = z.object({
  crashDelayS: z.number().min(0).max(3600).exactOptional(),
  crashLimit: z.number().int().min(1).max(99).exactOptional(),
  windowS: z.number().int().min(10).max(86_400).exactOptional(),
  /** Delays between tries while another process holds the session; the last one repeats. */
  lockDelaysS: z.array(z.number().min(0).max(3600)).min(1).max(10).exactOptional(),
});
export type OwnRules = z.infer<typeof OwnRules>;

/** The restart rules in force for a worker, and which of them are its own. */
export const RulesStatus = z.object({
  crashDelayS: z.number(),
  crashLimit: z.number().int(),
  windowS: z.number(),
  lockDelaysS: z.array(z.number()).max(10),
  own: OwnRules,
});
export type RulesStatus = z.infer<typeof RulesStatus>;
