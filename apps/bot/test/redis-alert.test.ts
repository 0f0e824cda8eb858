import { expect, test } from "vitest";
import { watch } from "../src/alerts/watch.ts";
import { startFleet } from "./chat.ts";
import { HOST } from "./support.ts";

test("the alert says what is the matter, and says it again when it becomes something else", async () => {
  const fleet = await startFleet();
  const { alerts } = fleet.parts;
  const now = Date.now();
  const sight = {
    now,
    statuses: [],
    redisAwaySince: now - 60_000,
    tokenConflict: false,
    host: HOST,
  };
  for (const redisTrouble of ["hangs", "hangs", "loading", "memory"] as const) {
    watch(alerts, { ...sight, redisTrouble });
    expect(alerts.open("redis:")?.body.details.map(({ key }) => key)).toEqual([
      "alert-redis-how",
      `why-redis-${redisTrouble}`,
    ]);
  }
  // With several hosts a worker may not stay without its lease, which is renewed without memory.
  for (const [redisTrouble, how] of [
    ["read-only", "alert-redis-how-several"],
    ["memory", "alert-redis-how-no-memory"],
  ] as const) {
    watch(alerts, { ...sight, redisTrouble, severalHosts: true });
    expect(alerts.open("redis:")?.body.details.map(({ key }) => key)).toEqual([
      how,
      `why-redis-${redisTrouble}`,
    ]);
  }
});
