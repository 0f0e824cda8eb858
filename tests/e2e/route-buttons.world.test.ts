import { Route } from "@flotilla/contracts";
import { askBot } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet } from "./support/fleet.ts";

const PHONE = "15550100001";

test("buttons start and stop a backfill, and pause and remove a source", async () => {
  const fleet = await startFleet({ SENDS_PER_MINUTE: "6000", START_SPACING_S: "0" });
  const chat = new AdminChat(fleet);
  await chat.start();
  const channel = async (username: string): Promise<string> =>
    (await fleet.post<{ id: string }>("channels", { title: username, username, members: [PHONE] }))
      .id;
  const [source, , target] = [
    await channel("news_a"),
    await channel("news_b"),
    await channel("copies_1"),
  ];
  for (const n of [1, 2, 3]) await fleet.post(`channels/${source}/messages`, { text: `old ${n}` });
  const route = Route.parse({
    id: "copy",
    from: { worker: "demo_1", chats: ["@news_a", "@news_b"] },
    action: { kind: "copy" },
    to: { kind: "worker", worker: "demo_1", chat: "@copies_1" },
  });
  const place = await fleet.place();
  const apply = async (routes: Route[]): Promise<void> => {
    const applied = () =>
      askBot(place, { v: 1, kind: "routes.apply", file: { version: 1, routes } }, 10_000);
    await waitFor(async () => (await applied()).kind === "applied", {
      timeoutMs: 60_000,
      what: "the routes to be taken",
    });
  };
  await apply([route]);
  const copies = async (): Promise<string[]> =>
    (await fleet.get<{ text: string }[]>(`accounts/${PHONE}/history?chat=${target}`)).map(
      ({ text }) => text,
    );

  const knocked = async (): Promise<boolean> => {
    await fleet.post(`channels/${source}/messages`, { text: "knock" });
    return (await copies()).length > 0;
  };
  await waitFor(knocked, { timeoutMs: 60_000, intervalMs: 500, what: "the route to work" });

  await chat.say("/workers");
  for (const label of ["demo_1", "🔀 Routes", "🔀 copy"]) await chat.press(label);
  // Telegram asks for a flood wait: the backfill waits, and an admin can stop it.
  const wait = { method: "messages.getHistory", code: 420, text: "FLOOD_WAIT_600", times: 1 };
  await fleet.post("faults/fail", wait);
  await chat.press("📥 Old messages");
  await chat.press("Last 20");
  await chat.shows(
    /Fetching old messages: 0 of 20 so far · Telegram asked for a pause; continues in /,
  );
  await chat.press("✖️ Stop fetching");
  await chat.shows(/Fetching cancelled after 0/);
  expect(await copies()).not.toContain("old 1");

  await chat.press("⬅️ Back");
  await chat.shows(/Routes of demo_1/);
  await chat.press("⬅️ Back");
  await chat.press("📡 Sources");
  await chat.press("⏸ news_b");
  await chat.shows(/news_b · paused/);
  await chat.press("🚫 Leave out news_b");
  await chat.shows(/Sources of demo_1(?![\s\S]*news_b)/);

  // A route back to its source is detected only when the names are known; the newer route is
  // disabled.
  const back = Route.parse({
    id: "back",
    from: { worker: "demo_1", chats: [`-100${target}`] },
    action: { kind: "copy" },
    to: { kind: "worker", worker: "demo_1", chat: `-100${source}` },
  });
  await apply([{ ...route, from: { ...route.from, chats: ["@news_a"] } }, back]);
  await chat.shows(/back[^\n]*switched off/);
  await chat.say("/workers");
  for (const label of ["demo_1", "🔀 Routes", "⏸ back"]) await chat.press(label);
  await chat.shows(/back · off/);
});
