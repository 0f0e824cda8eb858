import { toError } from "@flotilla/kernel";
import type { Finding, Patient } from "./finding.ts";

/**
 * Checks persistence, eviction and version of the configured Redis. Skips Flotilla's own, which it
 * configures itself.
 */
export async function checkRedisServer({ place }: Patient): Promise<Finding[]> {
  if (!place.redis) return [];
  const todo = "Follow the text above, then run the doctor again.";
  try {
    const { checkRedis } = await import("@flotilla/queue");
    const { warnings } = await checkRedis(place.redis.reveal());
    return warnings.map((what) => ({
      check: "redis",
      level: "problem",
      what,
      why: "Commands and alerts are in Redis. Data that it drops is lost.",
      todo: "redis-cli config set appendonly yes, and the same in its configuration file.",
    }));
  } catch (error) {
    const why = "Bot, supervisor and workers talk to each other through Redis.";
    return [{ check: "redis", level: "problem", what: toError(error).message, why, todo }];
  }
}
