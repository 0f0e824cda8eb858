import { Route } from "@flotilla/contracts";
import { askBot } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";

const PHONE = "15550100001";

interface Seen {
  readonly id: number;
  readonly text: string;
  readonly replyTo: number | null;
  readonly forwarded: boolean;
  readonly groupedId: string | null;
  readonly media: { readonly sha256: string } | null;
}

/** One pixel. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** docs/relays.md on a whole fleet: copies, forwards, edits, deletions, protected posts, alerts. */
test(
  "one route copies, another forwards; replies, edits, deletions and albums follow; " +
    "protected posts are not copied",
  async () => {
    const fleet = await startFleet({ SENDS_PER_MINUTE: "6000", START_SPACING_S: "0" });
    await new AdminChat(fleet).start();
    const [source, copies, forwards, pictures] = await Promise.all(
      ["source_1", "copies_1", "forwards_1", "pictures_1"].map((name) => channel(fleet, name)),
    );
    const base = { from: { worker: "demo_1", chats: ["@source_1"] }, alert: "silent" };
    const copy = {
      ...base,
      id: "copy",
      filter: "not /skip/",
      action: { kind: "copy", template: "📣 {text}" },
    };
    const routes = [
      Route.parse({ ...copy, to: { kind: "worker", worker: "demo_1", chat: "@copies_1" } }),
      Route.parse({
        ...base,
        id: "forward",
        alert: "off",
        action: { kind: "forward" },
        to: { kind: "worker", worker: "demo_1", chat: `-100${forwards}` },
      }),
      Route.parse({
        ...copy,
        id: "bot",
        alert: "off",
        filter: "media:photo",
        to: { kind: "bot", chat: `-100${pictures}` },
      }),
    ];
    const place = await fleet.place();
    const applied = () =>
      askBot(place, { v: 1, kind: "routes.apply", file: { version: 1, routes } }, 10_000);
    await waitFor(async () => (await applied()).kind === "applied", {
      timeoutMs: 60_000,
      what: "the routes to be taken",
    });
    const post = async (text: string, more: object = {}): Promise<number> =>
      (await fleet.post<{ id: number }>(`channels/${source}/messages`, { text, ...more })).id;
    const seen = (chat: string | undefined): Promise<Seen[]> =>
      fleet.get(`accounts/${PHONE}/history?chat=${chat}`);
    const until = async (
      chat: string | undefined,
      fits: (all: Seen[]) => boolean,
    ): Promise<Seen[]> =>
      await waitFor(async () => ((all) => (fits(all) ? all : null))(await seen(chat)), {
        timeoutMs: 60_000,
        what: "deliveries",
      });

    // The reader gets its routes a moment after the bot took them; earlier posts are not delivered.
    const knocked = async (): Promise<boolean> => {
      await post("knock");
      return (await seen(copies)).length > 0;
    };
    await waitFor(knocked, { timeoutMs: 60_000, intervalMs: 500, what: "the route to work" });
    const question = await post("question");
    await post("answer", { replyTo: question });
    const [asked, answer] = (await until(copies, (all) => all.at(-1)?.text === "📣 answer")).slice(
      -2,
    );
    expect([asked?.text, answer?.replyTo]).toEqual(["📣 question", asked?.id]);

    await post("skip this");
    await post("secret", { noforwards: true });
    for (const text of ["one", "two"]) await post(text, { groupedId: "77" });
    const forwarded = await until(
      forwards,
      (all) => all.filter(({ groupedId }) => groupedId !== null).length === 2,
    );
    expect(forwarded.every((each) => each.forwarded)).toBe(true);
    expect(new Set(forwarded.slice(-2).map(({ groupedId }) => groupedId)).size).toBe(1);
    expect(forwarded.map(({ text }) => text)).toContain("skip this");

    await post("a picture", {
      file: { name: "a.png", mime: "image/png", base64: PNG, kind: "photo" },
    });
    const [picture] = await until(pictures, (all) => all.length === 1);
    expect([picture?.text, picture?.media?.sha256]).toEqual([
      "📣 a picture",
      (await seen(source)).at(-1)?.media?.sha256,
    ]);

    const last = await post("to be changed");
    await until(copies, (all) => all.some(({ text }) => text === "📣 to be changed"));
    await change(fleet, "PATCH", `channels/${source}/messages/${last}`, { text: "changed" });
    await until(copies, (all) => all.some(({ text }) => text === "📣 changed"));
    await change(fleet, "DELETE", `channels/${source}/messages/${last}`);
    const end = await until(copies, (all) => !all.some(({ text }) => text.includes("changed")));
    expect(end.map(({ text }) => text).filter((text) => /skip|secret/.test(text))).toEqual([]);
    expect((await seen(forwards)).map(({ text }) => text)).not.toContain("secret");
    const chat = new AdminChat(fleet);
    await chat.shows(/matched|has a new message/);

    await chat.say("/workers");
    for (const label of ["demo_1", "🔀 Routes", "🔀 copy"]) await chat.press(label);
    await chat.shows(/copy · on[\s\S]*Latency p50/);
    await chat.press("🔎 Dry run");
    await chat.shows(/of the last \d+ would be delivered[\s\S]*➖ secret protected/);
    await chat.press("⬅️ Back");
    await chat.press("⏸ Switch off");
    await chat.shows(/copy · off/);
  },
);

async function channel(fleet: TestFleet, username: string): Promise<string> {
  return (
    await fleet.post<{ id: string }>("channels", {
      title: username,
      username,
      members: [PHONE],
      bot: true,
    })
  ).id;
}

async function change(
  fleet: TestFleet,
  method: string,
  path: string,
  body: object = {},
): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${fleet.url}/control/${path}`, {
    method,
    headers,
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
}
