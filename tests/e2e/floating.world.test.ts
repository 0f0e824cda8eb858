import { existsSync } from "node:fs";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { judge, type Recorded } from "../faults/judge.ts";
import { AdminChat } from "./support/chat.ts";
import { isOn, startHosts } from "./support/hosts.ts";
import { posting, relayOf } from "./support/route.ts";

const PHONE = "15550100001";

test("moved to host-b, taken over when host-b is lost: no message is lost or doubled", async () => {
  const hosts = await startHosts();
  const { fleet } = hosts;
  const chat = new AdminChat(fleet);
  await chat.start();
  const b = await hosts.join(1);
  expect(await isOn(hosts, PHONE, ["host-a"])).toBe("host-a");
  const { post, arrived } = await relayOf(hosts, PHONE);
  const load = posting(post);

  await chat.say("/workers");
  for (const label of ["demo_1", "More", "Move"]) await chat.press(label);
  await chat.shows(/Move demo_1 to another host/);
  await chat.press("🚚 host-b");
  await chat.shows(/✅ Moved/, 120_000);
  expect(await isOn(hosts, PHONE, ["host-b"])).toBe("host-b");

  await chat.say("/workers");
  for (const label of ["demo_1", "More", "Floating", "Turn on"]) await chat.press(label);
  await chat.say("/workers");
  for (const label of ["demo_1", "More", "Floating"]) await chat.press(label);
  // ⋯ More has a Refresh, too.
  await chat.shows(/Floating: demo_1/);
  await waitFor(
    async () => {
      await chat.press("Refresh");
      return (await chat.messages()).some(({ text }) => /On\. When host-b is not heard/.test(text));
    },
    { what: "the record" },
  );

  b.process.kill("SIGKILL");
  await b.process.exited;
  expect(await isOn(hosts, PHONE, ["host-a"])).toBe("host-a");
  await chat.shows(/host-b is lost: a floating worker runs on host-a now/);

  const sent = await load.stop();
  await waitFor(async () => (await arrived()).includes(sent.at(-1) ?? ""), {
    timeoutMs: 120_000,
    what: "the last message",
  });
  const there = (await arrived()).filter((text) => text !== "knock");
  expect(there).toEqual(sent);

  // It finds that it has the worker no more, and puts its files away.
  const again = await hosts.join(1, b.dir);
  await again.process.waitForOutput(/another host has this worker now/, 60_000);
  await waitFor(() => !existsSync(`${b.dir}/sessions/demo_1.session`), { what: "the trash" });
  expect(await hosts.onTelegram(PHONE)).toBe("host-a");
  expect(judge(await fleet.get<Recorded[]>("connections/log"))).toEqual([]);
});
