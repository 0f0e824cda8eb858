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

/** A private part of the run's Redis. */
export interface SharedRedis {
  /** URL with its own database number: `redis://127.0.0.1:port/17`. */
  readonly url: string;
  /** Prefix for pub/sub channels, which databases do not separate. Letters and digits only. */
  readonly prefix: string;
}

/** Number of databases of the run's server. */
export const DATABASES = 4096;

/**
 * A new database of the Redis that all tests of a run share; takes milliseconds, needs no clean-up.
 * A test that stops, kills or configures Redis must start its own with `startRedis`.
 */
export async function sharedRedis(): Promise<SharedRedis> {
  const server = inject("redisUrl");
  const number = Number(await redisCommand(server, "INCR", "testkit.databases"));
  if (number >= DATABASES)
    throw new Error(`more than ${DATABASES} test databases in one run: raise DATABASES in testkit`);
  return { url: `${server}/${number}`, prefix: `t${randomBytes(4).toString("hex")}` };
}
