import { startRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { startFleet, type TestFleet } from "./support/fleet.ts";

async function said(fleet: TestFleet): Promise<string> {
  const messages = await fleet.get<{ text: string; deleted: boolean }[]>("chat/messages");
  return messages.map(({ text }) => text).join("\n");
}

test("two fleets on one Redis run workers of the same names, and each bot shows only its own", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const fleets = [
    await startFleet({ REDIS_URL: redis.url, HOST_ID: "host-a" }),
    await startFleet({ REDIS_URL: redis.url, HOST_ID: "host-b" }),
  ];
  for (const [n, fleet] of fleets.entries()) {
    await fleet.post("chat/start");
    await waitFor(async () => /Fleet · 2 workers/.test(await said(fleet)), {
      timeoutMs: 60_000,
      what: `the menu of fleet ${n}`,
    });
    await fleet.post("chat/press", { labelContains: "Workers" });
    await waitFor(async () => /demo_1[\s\S]*healthy/.test(await said(fleet)), {
      timeoutMs: 60_000,
      what: `fleet ${n} to be healthy`,
    });
    await fleet.post("chat/press", { labelContains: "demo_1" });
    await waitFor(async () => /Status: healthy/.test(await said(fleet)), { what: "the card" });
    await fleet.post("chat/press", { labelContains: "Restart" });
    await waitFor(
      async () => /Restarted (?:just now|\d+ min ago) \(\d\d:\d\d/.test(await said(fleet)),
      {
        timeoutMs: 60_000,
        what: `the restart of fleet ${n}`,
      },
    );
  }
  for (const fleet of fleets) {
    expect(await said(fleet)).not.toMatch(/already runs this session|HOSTS|Hosts that do not know/);
    const live = await fleet.get<{ phone: string | null }[]>("connections");
    expect(live.filter(({ phone }) => phone === "15550100001")).toHaveLength(1);
  }
  const keys = (await redis.command("KEYS", "*")) as string[];
  const tags = new Set(
    keys.map(
      (key) =>
        /^\{(flotilla\.(?:bot\.)?[0-9a-f]{16})\}:/.exec(key)?.[1] ??
        key.replace(/[0-9a-f]{16}$/, ""),
    ),
  );
  expect(
    [...tags].filter((tag) => tag !== "flotilla.fleet."),
    "two tags per fleet (its own, and its bot's), no other key",
  ).toHaveLength(4);
});
