import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import { redisCommand } from "./command.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the server binary. */
    redisServer: string;
    /** The one Redis of this test run, `redis://127.0.0.1:port`. */
    redisUrl: string;
  }
}

/** A corner of the run's Redis that nobody else uses. */
export interface SharedRedis {
  /** With a database number of its own: `redis://127.0.0.1:port/17`. */
  readonly url: string;
  /** For what databases do not separate (pub/sub channels). Letters and digits only. */
  readonly prefix: string;
}

/** As many databases as the run's server is started with. */
export const DATABASES = 4096;

/**
 * A database of its own on the Redis that all tests of a run share; never the same one twice in a run. Milliseconds, nothing to clean up.
 * A test that stops, kills or configures Redis starts its own with `startRedis`.
 */
export async function sharedRedis(): Promise<SharedRedis> {
  const server = inject("redisUrl");
  const number = Number(await redisCommand(server, "INCR", "testkit.databases"));
  if (number >= DATABASES) throw new Error(`more than ${DATABASES} test databases in one run: raise DATABASES in testkit`);
  return { url: `${server}/${number}`, prefix: `t${randomBytes(4).toString("hex")}` };
}
