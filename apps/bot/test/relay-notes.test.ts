/** What became of the chats of routes is in the audit log, once (field faults B4, F20). */
import { type RelayStatus, RouteStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AuditStore } from "../src/admins/audit-store.ts";
import { PlaceStore } from "../src/admins/place-store.ts";
import { handleEvent } from "../src/app/events.ts";
import { ChatFinder } from "../src/relay/chat-finder.ts";
import { RelayNotes } from "../src/relay/relay-notes.ts";
import { startFleet } from "./chat.ts";
import { ALL_WORDS, ASKER, controlDb, HOST, NOW, WORKER } from "./support.ts";

function saying(...routes: (Partial<RouteStatus> & { readonly route: string })[]): RelayStatus {
  const quiet = {
    p50Ms: null,
    p99Ms: null,
    lastDeliveredAt: null,
    parkedUntil: null,
    reason: null,
    forecastAt: null,
  };
  const base = {
    ...quiet,
    ...{ waiting: 0, poison: 0, poisonReason: null, counts: {}, blocked: false, unknownChats: [] },
  };
  const parsed = routes.map((route) => RouteStatus.parse({ ...base, ...route }));
  return {
    v: 1,
    worker: WORKER,
    version: 1,
    at: NOW,
    routes: parsed,
    sources: [],
    backfill: null,
    senders: [],
  };
}

const moved = [{ chat: "-4711", to: "-1000000004712" }];
const stuck = { kind: "blocked", code: "name-moved", since: NOW } as const;

async function world() {
  const db = await controlDb();
  const audit = new AuditStore(db);
  const told = (): string[] =>
    audit
      .find("", 20)
      .map(({ what }) => `${what.key} ${what.args["route"]} ${what.args["to"] ?? ""}`.trim());
  return { db, audit, told, notes: new RelayNotes(db, audit) };
}

test(
  "a group that became a supergroup is noted once, over a new start of the bot, and by which " +
    "worker",
  async () => {
    const { db, audit, told, notes } = await world();
    notes.look([saying({ route: "a", moved })], NOW);
    notes.look([saying({ route: "a", moved })], NOW + 1);
    new RelayNotes(db, audit).look([saying({ route: "a", moved })], NOW + 2);
    expect(told()).toEqual(["audit-chat-moved a -1000000004712"]);
    expect(audit.find("", 20)[0]).toMatchObject({ byName: "Flotilla", worker: WORKER, at: NOW });
    notes.look([saying({ route: "a", moved }, { route: "b", moved })], NOW + 3);
    expect(told()).toEqual([
      "audit-chat-moved b -1000000004712",
      "audit-chat-moved a -1000000004712",
    ]);
    for (const words of ALL_WORDS)
      for (const { what } of audit.find("", 20))
        expect(words.plain(what)).toMatch(/-4711.*-1000000004712/);
  },
);

test(
  "a name that leads elsewhere is noted each time that it does; a reader that is not heard " +
    "changes nothing",
  async () => {
    const { told, notes } = await world();
    notes.look([saying({ route: "a", stuck })], NOW);
    notes.look([], NOW + 1);
    notes.look([saying({ route: "a", stuck })], NOW + 2);
    expect(told()).toEqual(["audit-name-moved a"]);
    notes.look([saying({ route: "a" })], NOW + 3);
    notes.look([saying({ route: "a", stuck })], NOW + 4);
    expect(told()).toEqual(["audit-name-moved a", "audit-name-moved a"]);
    notes.look([saying({ route: "a", stuck: { ...stuck, code: "CHANNEL_PRIVATE" } })], NOW + 5);
    expect(told()).toHaveLength(2);
  },
);

test("a group of the fleet that becomes a supergroup is noted, another one is not", async () => {
  const { db } = await world();
  const places = new PlaceStore(db);
  places.add("-100123/7", "Night watch", "en");
  places.add("-4711", "Team", "en");
  expect([
    places.moved("-4711", "-1000000004712"),
    places.moved("-4711", "-1000000004712"),
    places.moved("-5", "-1006"),
  ]).toEqual([...[true, false, false]]);
});

test(
  "the finder gives what the reader answers; a refusal, another outcome and a command under " +
    "way are no answer",
  async () => {
    const sent: { worker: WorkerId; chats: readonly string[]; id: string }[] = [];
    let kind: "sent" | "already" = "sent";
    let n = 0;
    const finder = new ChatFinder({
      newId: () => `find-${n++}`,
      commands: {
        relay: async (wish, worker, { id }) => {
          if (wish.kind === "relay.find") sent.push({ worker, chats: wish.chats, id });
          return kind === "sent" ? { kind, id } : { kind, id, by: "Ben" };
        },
      },
    });
    const unknown = [{ ref: "2000001", meant: null }];
    const asked = finder.unknown(WORKER, ["2000001"], ASKER);
    finder.answered("of-another", { kind: "unknown-chats", chats: [] });
    finder.answered("find-0", { kind: "unknown-chats", chats: unknown });
    expect(await asked).toEqual(unknown);
    const refused = finder.unknown(WORKER, ["2000001"], ASKER);
    finder.answered("find-1", { kind: "failed", code: "not-connected", message: "" });
    expect(await refused).toBeNull();
    kind = "already";
    expect(await finder.unknown(WORKER, ["2000001"], ASKER)).toBeNull();
    expect(await finder.unknown(WORKER, [], ASKER)).toEqual([]);
    kind = "sent";
    const many = finder.unknown(
      WORKER,
      Array.from({ length: 60 }, (_, at) => `-${at + 1}`),
      ASKER,
    );
    finder.answered("find-3", { kind: "unknown-chats", chats: unknown });
    await waitFor(() => sent.length === 5);
    finder.answered("find-4", { kind: "unknown-chats", chats: [] });
    expect(await many).toEqual(unknown);
    expect(sent.map(({ chats }) => chats.length)).toEqual([1, 1, 1, 50, 10]);
  },
);

test("a group that moved leaves its note by the message that Telegram sends", async () => {
  const fleet = await startFleet();
  fleet.parts.places.add("-4711", "Team", "en");
  const update = {
    update_id: 1,
    message: {
      ...{ message_id: 5, date: 1, migrate_to_chat_id: -1_000_000_004_712 },
      chat: { id: -4711, type: "group", title: "Team" },
      from: { id: 6666, is_bot: false, first_name: "Eve" },
    },
  } as const;
  await fleet.bot.handleUpdate(update);
  expect(fleet.parts.audit.find("", 5).map(({ what }) => what)).toEqual([
    { key: "audit-place-moved", args: { chat: "-4711", to: "-1000000004712" } },
  ]);
});

test(
  "what a reader answers reaches who waits for it by the event of its command, and is no " +
    "line of the audit",
  async () => {
    const { parts } = await startFleet();
    parts.workers.add(WORKER, HOST, "777", 1);
    const asked = parts.finder.unknown(WORKER, ["2000001"], ASKER);
    const command = await waitFor(() => parts.commandLog.open(WORKER, "relay.find")?.id);
    const chats = [{ ref: "2000001", meant: "-1000002000001" }];
    const base = { v: 1, id: "event-1", at: NOW, host: HOST, worker: WORKER, command } as const;
    const outcome = { kind: "unknown-chats", chats } as const;
    await handleEvent(
      { ...parts, onChatError: () => {} },
      { ...base, kind: "command.done", outcome },
    );
    expect(await asked).toEqual(chats);
    expect(parts.audit.find("", 5)).toEqual([]);
  },
);
