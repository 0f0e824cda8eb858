import { readFileSync } from "node:fs";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const RICK = "15550100002";

/**
 * S2-17 and the gate of a host: a missing network is one alert, one worker probes, both reconnect
 * automatically.
 */
test("a host without a network is one alert, one worker probes, and all come back", async () => {
  const fleet = await startFleet({ START_SPACING_S: "0", ALERT_HOLD_S: "1" });
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.press("Workers");
  await chat.press("demo_2");
  await chat.logIn(RICK);
  await chat.shows(/cloud password/);
  await chat.say("demo");
  await chat.shows(/demo_2 is @rick_relay/);
  const online = async (): Promise<number> =>
    (await fleet.get<{ phone: string | null }[]>("connections")).filter(
      ({ phone }) => phone !== null,
    ).length;
  await waitFor(async () => (await online()) === 2, {
    timeoutMs: 60_000,
    what: "both workers on Telegram",
  });

  await fleet.post("faults/refuse", { dc: 2 });
  await fleet.post("faults/drop", { how: "rst" });
  const log = (): string => readFileSync(`${fleet.dataDir}/logs/supervisor.log`, "utf8");
  await waitFor(() => log().includes("no worker of this host has a network"), {
    timeoutMs: 90_000,
    intervalMs: 200,
  });
  await chat.shows(
    /all 2 workers have been offline[\s\S]*the network of the host, not the sessions/,
    60_000,
  );
  await chat.say("/status demo_2");
  await chat.shows(
    /🔌 (?:Waiting for its host's network; demo_1 is testing it|No worker of this host has a network)/,
    60_000,
  );

  await fleet.post("faults/heal");
  await waitFor(async () => (await online()) === 2, {
    timeoutMs: 90_000,
    intervalMs: 200,
    what: "both workers back",
  });
  await waitFor(() => log().includes("the network of this host is back"));
  expect(log()).not.toContain("worker ended unasked");
});
