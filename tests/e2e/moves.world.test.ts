import { childrenOf, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { judge, type Recorded } from "../faults/judge.ts";
import { AdminChat } from "./support/chat.ts";
import { type Hosts, isOn, type Joined, startHosts } from "./support/hosts.ts";
import { posting, relayOf } from "./support/route.ts";

const PHONE = "15550100001";
const [A, B] = ["host-a", "host-b"] as const;

/** Whose processes die in a move, and how long after the press. Milliseconds. */
const KILLS: readonly (readonly [who: "old" | "new" | "bot", afterMs: number])[] = [
  ["old", 300],
  ["new", 300],
  ["bot", 300],
  ["old", 1200],
  ["new", 1200],
  ["bot", 1200],
  ["new", 2400],
  ["old", 2400],
  ["bot", 2400],
  ["new", 4000],
];

function kill(hosts: Hosts, part: "bot" | "supervisor"): void {
  const found = childrenOf(hosts.fleet.process.pid).find(({ command }) =>
    command.includes(`/${part}/src/main.ts`),
  );
  if (found) process.kill(found.pid, "SIGKILL");
}

/** Presses 🚚 until the move is begun: a host that was just killed is not offered yet. */
async function begin(chat: AdminChat, to: string): Promise<void> {
  await waitFor(
    async () => {
      await chat.say("/workers");
      for (const label of ["demo_1", "More", "Move"]) await chat.press(label);
      const asked = await chat.shows(/Move demo_1 to another host/);
      if (!asked.keyboard.flat().some(({ text }) => text === `🚚 ${to}`)) return false;
      await chat.press(`🚚 ${to}`);
      return true;
    },
    { timeoutMs: 120_000, intervalMs: 2000, what: `a move to ${to} to begin` },
  );
}

/** Resolves with the host that has the worker when the move is over. */
async function ended(chat: AdminChat): Promise<string> {
  return await waitFor(
    async () => {
      const all = await chat.messages();
      const card = all.findLast(({ text }) => /✅ Moved\.|↩️ It is back/.test(text));
      return card ? (/(host-[ab]) has it\./.exec(card.text)?.[1] ?? null) : null;
    },
    { timeoutMs: 240_000, intervalMs: 500, what: "the end of the move" },
  );
}

test("ten moves under load, a host or the bot killed in each: one host has it, nothing lost or doubled", async () => {
  const hosts = await startHosts();
  const { fleet } = hosts;
  const chat = new AdminChat(fleet);
  await chat.start();
  let b: Joined = await hosts.join(1);
  await isOn(hosts, PHONE, [A]);
  const { post, arrived } = await relayOf(hosts, PHONE);
  const load = posting(post);
  for (const [who, afterMs] of KILLS) {
    const from = await isOn(hosts, PHONE, [A, B]);
    const to = from === A ? B : A;
    await begin(chat, to);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    const victim = who === "old" ? from : to;
    if (who === "bot") kill(hosts, "bot");
    else if (victim === A) kill(hosts, "supervisor");
    else {
      b.process.kill("SIGKILL");
      await b.process.exited;
      b = await hosts.join(1, b.dir);
    }
    const has = await ended(chat);
    expect(await isOn(hosts, PHONE, [A, B])).toBe(has);
    await chat.say("/start");
  }
  const sent = await load.stop();
  await waitFor(async () => (await arrived()).includes(sent.at(-1) ?? ""), {
    timeoutMs: 120_000,
    what: "the last message",
  });
  expect((await arrived()).filter((text) => text !== "knock")).toEqual(sent);
  expect(judge(await fleet.get<Recorded[]>("connections/log"))).toEqual([]);
});
