import { startRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const PHONE = "15550100001";

test.each([
  {
    what: "out of memory: workers stay",
    go: ["CONFIG", "SET", "maxmemory", "1"],
    back: ["CONFIG", "SET", "maxmemory", "0"],
    says: /Redis away[\s\S]*Workers that are on Telegram stay[\s\S]*Redis is out of memory/,
    stay: 1,
  },
  {
    what: "a read-only replica: workers leave and reconnect automatically",
    go: ["REPLICAOF", "127.0.0.1", "1"],
    back: ["REPLICAOF", "NO", "ONE"],
    says: /Redis away[\s\S]*leave within 10 seconds[\s\S]*read-only replica/,
    stay: 0,
  },
])(
  "HOSTS=several and a Redis that is $what; the chat gives the true reason",
  async ({ go, back, says, stay }) => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const fleet = await startFleet({ REDIS_URL: redis.url, HOSTS: "several", ALERT_HOLD_S: "1" });
    const live = async (): Promise<number> =>
      (await fleet.get<{ phone: string | null }[]>("connections")).filter(
        ({ phone }) => phone === PHONE,
      ).length;
    await waitFor(async () => (await live()) === 1, {
      timeoutMs: 60_000,
      what: "the account to be connected",
    });
    const chat = new AdminChat(fleet);
    await chat.start();
    await redis.command(...go);
    // The alert comes after 10 s, when the lease of a worker that cannot renew it is over.
    await chat.shows(says);
    await waitFor(async () => (await live()) === stay, { what: "the account to stay or to leave" });
    await redis.command(...back);
    await chat.shows(/✅[\s\S]*Redis away/);
    await waitFor(async () => (await live()) === 1, {
      timeoutMs: 60_000,
      what: "the account to be connected again",
    });
    expect(fleet.process.stderr).not.toContain("again and again");
  },
);
