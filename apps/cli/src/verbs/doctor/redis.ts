import { toError } from "@flotilla/kernel";
import type { Finding, Patient } from "./finding.ts";

/** Persistence, eviction and version of the configured Redis. Flotilla's own is right by the way it is started. */
export async function checkRedisServer({ place }: Patient): Promise<Finding[]> {
  const url = place.env.REDIS_URL;
  if (!url) return [];
  const todo = "Do what the sentence above says, then look again.";
  try {
    const { checkRedis } = await import("@flotilla/queue");
    const { warnings } = await checkRedis(url);
    return warnings.map((what) => ({
      check: "redis",
      level: "problem",
      what,
      why: "Commands and alerts travel through Redis. What it forgets is lost.",
      todo: "redis-cli config set appendonly yes, and the same in its configuration file.",
    }));
  } catch (error) {
    const why = "Bot, supervisor and workers talk to each other through Redis.";
    return [{ check: "redis", level: "problem", what: toError(error).message, why, todo }];
  }
}
