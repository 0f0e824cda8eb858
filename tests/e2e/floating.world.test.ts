import { existsSync } from "node:fs";
import { Route } from "@flotilla/contracts";
import { askBot } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { judge, type Recorded } from "../faults/judge.ts";
import { AdminChat } from "./support/chat.ts";
import { type Hosts, isOn, startHosts } from "./support/hosts.ts";

const PHONE = "15550100001";

/** A route of demo_1 from one channel into another, and what arrived there. */
async function relayOf({ fleet }: Hosts) {
  const channel = async (username: string): Promise<string> => {
    const made = { title: username, username, members: [PHONE], bot: true };
    return (await fleet.post<{ id: string }>("channels", made)).id;
  };
  const [source, target] = [await channel("source_1"), await channel("copies_1")];
  const route = Route.parse({
    ...{ id: "copy", action: { kind: "copy" }, alert: "off" },
    from: { worker: "demo_1", chats: ["@source_1"] },
    to: { kind: "worker", worker: "demo_1", chat: "@copies_1" },
  });
  const place = await fleet.place();
  const file = { version: 1 as const, routes: [route] };
  await waitFor(
    async () =>
      (await askBot(place, { v: 1, kind: "routes.apply", file }, 10_000)).kind === "applied",
    { what: "the route to be taken" },
  );
  const post = (text: string): Promise<unknown> =>
    fleet.post(`channels/${source}/messages`, { text });
  const arrived = async (): Promise<string[]> =>
    (await fleet.get<{ text: string }[]>(`accounts/${PHONE}/history?chat=${target}`)).map(
      ({ text }) => text,
    );
  const knocked = async (): Promise<boolean> => {
    await post("knock");
    return (await arrived()).length > 0;
  };
  await waitFor(knocked, { timeoutMs: 60_000, intervalMs: 500, what: "the route to work" });
  return { post, arrived };
}

/** Posts without an end until it is stopped; resolves with what it posted. */
function posting(post: (text: string) => Promise<unknown>, everyMs = 100) {
  const sent: string[] = [];
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      const text = `n${sent.length + 1}.`;
      await post(text);
      sent.push(text);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return sent;
  })();
  return {
    stop: async (): Promise<string[]> => {
      isOver = true;
      return await running;
    },
  };
}

test("a floating worker moves to host-b, is taken over when host-b is lost, and no message is lost or doubled", async () => {
  const hosts = await startHosts();
  const { fleet } = hosts;
  const chat = new AdminChat(fleet);
  await chat.start();
  const b = await hosts.join(1);
  expect(await isOn(hosts, PHONE, ["host-a"])).toBe("host-a");
  const { post, arrived } = await relayOf(hosts);
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
