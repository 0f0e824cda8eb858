import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { judge, type Recorded } from "../faults/judge.ts";
import { AdminChat } from "./support/chat.ts";
import { type Hosts, isOn, startHosts } from "./support/hosts.ts";
import { pictured } from "./support/picture.ts";

const WORKER = "news_1";
const PHONE = "15550100042";
const [A, B, C] = ["host-a", "host-b", "host-c"] as const;

/** Opens ⋯ More of the worker. */
async function openMore(chat: AdminChat): Promise<void> {
  await chat.say("/workers");
  for (const label of [WORKER, "⋯ More"]) await chat.press(label);
}

async function openHosts(chat: AdminChat): Promise<void> {
  await chat.say("/health");
  await chat.press("🖥 Hosts");
}

async function move(hosts: Hosts, chat: AdminChat, from: string, to: string): Promise<void> {
  await openMore(chat);
  await chat.press("🚚 Move");
  await chat.press(`🚚 ${to}`);
  await chat.shows(new RegExp(`${from} → ${to}[\\s\\S]*✅ Moved`), 120_000);
  expect(await isOn(hosts, PHONE, [to])).toBe(to);
}

/** Waits until 🛟 Floating names the host that has the worker. */
async function floatsOn(chat: AdminChat, host: string): Promise<void> {
  await openMore(chat);
  await chat.press("🛟 Floating");
  // ⋯ More has a Refresh, too.
  await chat.shows(/Floating: news_1/);
  const on = new RegExp(`On\\. When ${host} is not heard[\\s\\S]*Last record`);
  await waitFor(
    async () => {
      await chat.press("Refresh");
      return (await chat.messages()).some(({ text }) => on.test(text));
    },
    { what: `the record of ${host}` },
  );
}

/** With UPDATE_IMAGES=1 the pictures of docs/admin-guide.md are retaken. */
test("an owner adds a worker on host-b, moves it, drains its host, and loses another", async () => {
  const hosts = await startHosts();
  const { fleet } = hosts;
  const chat = new AdminChat(fleet);
  await chat.start();
  const b = await hosts.join(1);
  await hosts.join(2);
  const named = { firstName: "News", lastName: "Desk", username: "news_desk" };
  await fleet.post("accounts", { phone: PHONE, ...named });

  await openHosts(chat);
  await chat.shows(/host-b · no workers\s+load[\s\S]*host-c · no workers\s+load/);
  await chat.say("/workers");
  await chat.press("➕ Add");
  await chat.shows(/On which host\?[\s\S]*host-/);
  await pictured(fleet, "add-where", /On which host/);
  await chat.press(`🖥 ${B}`);
  await chat.shows(/It will run on host-b/);
  await chat.say(WORKER);
  await chat.shows(/news_1[\s\S]*Not logged in yet/);
  await chat.logIn(PHONE);
  await chat.shows(/news_1 is @news_desk/);
  expect(await isOn(hosts, PHONE, [A, B, C])).toBe(B);
  await openHosts(chat);
  await chat.shows(/host-b · 1 of 1 worker running/);
  await pictured(fleet, "hosts", /host-b · 1 of 1 worker running/);

  await move(hosts, chat, B, C);
  await pictured(fleet, "move", /✅ Moved/);

  await openMore(chat);
  await chat.press("🛟 Floating");
  await chat.shows(/Off\. When its host is lost/);
  await chat.press("🛟 Turn on");
  await floatsOn(chat, C);
  await pictured(fleet, "floating", /On\. When host-c is not heard/);

  await openHosts(chat);
  for (const label of [C, "⏏️ Drain"]) await chat.press(label);
  await chat.shows(/Drain host-c\? It has 1 worker/);
  await pictured(fleet, "drain-ask", /Drain host-c\?/);
  await chat.press("🚚 Move them");
  await chat.shows(
    /Drain host-c: 1 of 1 handled[\s\S]*✅ news_1 → host-[ab][\s\S]*✅ Drained/,
    120_000,
  );
  await pictured(fleet, "drain", /✅ Drained/);
  const drainedTo = await isOn(hosts, PHONE, [A, B]);
  await chat.press("▶️ Take workers again");
  await chat.shows(/host-c takes workers again since/);

  if (drainedTo === A) await move(hosts, chat, A, B);
  await floatsOn(chat, B);
  b.process.kill("SIGKILL");
  await b.process.exited;
  const savedBy = await isOn(hosts, PHONE, [A, C]);
  const told = new RegExp(
    `host-b is lost: a floating worker runs on ${savedBy} now[\\s\\S]*news_1`,
  );
  await chat.shows(told);
  await pictured(fleet, "lost-host", told);
  await chat.say(`/status ${WORKER}`);
  await chat.shows(new RegExp(`✅ news_1[\\s\\S]*${savedBy}[\\s\\S]*Status: healthy`));

  // Offered after a minute of silence. Only this ends the alert: nothing was heard of host-b.
  await openHosts(chat);
  for (const label of [B, "🗑 Forget host", "🗑 Forget it"]) await chat.press(label);
  await chat.shows(/host-b #A\d+ resolved after .* \(host forgotten by Ann\)/);
  expect(judge(await fleet.get<Recorded[]>("connections/log"))).toEqual([]);
});
