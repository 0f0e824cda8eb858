/** Alerts about the whole fleet say what is so now, for as long as they are open. */
import { parseHostId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { RefusedJobs } from "../src/alerts/refused-jobs.ts";
import { type Sight, watch } from "../src/alerts/watch.ts";
import { controlDb, EN, HOST, NOW, statusOf } from "./support.ts";

async function fleet() {
  const db = await controlDb();
  const alerts = new AlertStore(db, 0);
  const look = (more: Partial<Pick<Sight, "refused" | "hosts" | "now" | "statuses">>): string => {
    watch(alerts, {
      now: NOW,
      statuses: [],
      redisAwaySince: null,
      tokenConflict: false,
      host: HOST,
      ...more,
    });
    return alerts
      .allOpen()
      .flatMap(({ body }) => [body.title, ...body.details].map((said) => EN.said(said).text))
      .join("\n");
  };
  return { alerts, look };
}

describe("refused jobs", () => {
  test("are one alert per queue that grows, with each reason, its own count and what helps", async () => {
    const { alerts, look } = await fleet();
    const refused = new RefusedJobs();
    refused.add({ queue: "q1", why: "unsigned", times: 2 }, NOW);
    expect(look({ refused: refused.all(NOW) })).toMatch(
      /q1<\/b>: 2\.[\s\S]*2 not signed[\s\S]*Do: bring every host/,
    );
    const { n } = alerts.open("wire:q1") ?? { n: 0 };
    refused.add({ queue: "q1", why: "too-old", times: 5 }, NOW + 1);
    refused.add({ queue: "q1", why: "unsigned", times: 1 }, NOW + 2);
    refused.add({ queue: "q2", why: "again", times: 1 }, NOW + 2);
    const said = look({ refused: refused.all(NOW + 3) });
    expect(said).toMatch(
      /q1<\/b>: 8\.[\s\S]*5 signed more than a week ago[\s\S]*clocks[\s\S]*3 not signed[\s\S]*q2<\/b>: 1\./,
    );
    expect(alerts.open("wire:q1")?.n).toBe(n);
    expect(alerts.history(0)).toHaveLength(2);
    // What is quiet for half an hour goes by itself, reason by reason.
    refused.add({ queue: "q1", why: "too-old", times: 1 }, NOW + 20 * 60_000);
    expect(look({ refused: refused.all(NOW + 31 * 60_000) })).toMatch(
      /q1<\/b>: 6\.(?![\s\S]*not signed)/,
    );
    expect(look({ refused: refused.all(NOW + 51 * 60_000) })).toBe("");
  });
});

/** A host whose setting allows no other. */
const oneHost = (name: string) => ({ host: parseHostId(name), hosts: "one", at: NOW }) as const;

test("one about hosts grows, too, and keeps what an admin did about it", async () => {
  const { alerts, look } = await fleet();
  const hosts = ["host-a", "host-b"].map(oneHost);
  look({ hosts });
  const before = alerts.open("hosts:");
  if (before)
    alerts.raise(
      "hosts:",
      { ...before.body, action: { key: "alert-action", args: { by: "Ann", verb: "x", at: 1 } } },
      NOW,
    );
  const text = look({ hosts });
  expect(text).toContain("host-a, host-b");
  expect(look({ hosts: [...hosts, oneHost("host-c")] })).toContain("host-a, host-b, host-c");
  expect(alerts.open("hosts:")?.body.action?.args["by"]).toBe("Ann");
  expect(alerts.open("hosts:")?.n).toBe(before?.n);
});

test("a lost host stays one until it is heard again or forgotten, also when its workers run elsewhere", async () => {
  const later = NOW + 60_000;
  const [a, b] = [{ ...oneHost("host-a"), at: later }, oneHost("host-b")];
  for (const end of [[a, { ...b, at: later }], [a]]) {
    const { alerts, look } = await fleet();
    const lost = statusOf("news_1", { host: b.host, updatedAt: NOW });
    look({ now: later, hosts: [a, b], statuses: [lost] });
    const taken = { now: later, statuses: [statusOf("news_1", { updatedAt: later })] };
    look({ ...taken, hosts: [a, b] });
    // The board could not be read.
    look({ ...taken, hosts: [] });
    expect(alerts.open("host:host-b")).not.toBeNull();
    look({ ...taken, hosts: end });
    expect(alerts.open("host:host-b")).toBeNull();
  }
});
