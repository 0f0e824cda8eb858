import type { Fault } from "@flotilla/contracts";
import { parseHostId, systemClock } from "@flotilla/kernel";
import { Lease, type LeaseOptions } from "@flotilla/queue";
import { redisCommand, waitFor } from "@flotilla/testkit";
import { onTestFinished } from "vitest";
import { sharedPlace, type TestPlace, WORKER } from "./support.ts";

export const LONG = { ttlMs: 60_000, actMs: 40_000, renewEveryMs: 20_000, firstAnswerMs: 300 };
/**
 * For tests that wait for the end of a lease. They name no fencing token: on a busy machine an
 * answer may come too late, and the next question gets the next token.
 */
export const SHORT = { ...LONG, ttlMs: 2100, actMs: 1400, renewEveryMs: 300 };

export interface Holder {
  readonly lease: Lease;
  readonly events: string[];
  readonly faults: Fault[];
}

/** A host that asks for the session. `host` also names its kernel lock. */
export function holder(place: TestPlace, host: string, more: Partial<LeaseOptions> = {}): Holder {
  const events: string[] = [];
  const faults: Fault[] = [];
  const lease = new Lease({
    place,
    mode: "several",
    host: parseHostId(host),
    worker: WORKER,
    owner: `boot:${host}`,
    resources: () => ["news_1", "key.0123456789abcdef"],
    knownFence: () => 0,
    on: {
      granted: (fence) => void events.push(`granted ${fence}`),
      suspended: (fault) => {
        events.push("suspended");
        faults.push(fault);
      },
      taken: (fault) => {
        events.push("taken");
        faults.push(fault);
      },
    },
    onError: () => {},
    clock: systemClock,
    timings: LONG,
    ...more,
  });
  onTestFinished(() => lease.close());
  return { lease, events, faults };
}

/** A fleet whose Redis has been seen before, so that there is no first quiet time. */
export async function seenRedis(): Promise<TestPlace> {
  const place = await sharedPlace();
  const run =
    /run_id:(\w+)/.exec(String(await redisCommand(place.redis, "INFO", "server")))?.[1] ?? "";
  await redisCommand(place.redis, "SET", `${place.prefix}:lease-run`, run);
  return place;
}

export async function until(it: Holder, event: string | RegExp): Promise<void> {
  const found = (): boolean =>
    it.events.some((each) => (typeof event === "string" ? each === event : event.test(each)));
  await waitFor(found, { what: String(event) }).catch((cause: unknown) => {
    throw new Error(`no ${event} in: ${it.events.join()}`, { cause });
  });
}
