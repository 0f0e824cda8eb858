import { type KnownChat, Route } from "@flotilla/contracts";
import { parseUserId, parseWorkerId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { RouteDesk } from "../src/relay/route-desk.ts";
import { RouteStore } from "../src/relay/route-store.ts";
import { sourceKey } from "../src/relay/source-key.ts";
import { ChatLists } from "../src/relay/wizard/chat-lists.ts";
import { typedChat } from "../src/relay/wizard/chat-refs.ts";
import { DraftStore } from "../src/relay/wizard/draft-store.ts";
import { draftOf, newDraft, nextStep, pathOf, routeOf, stepBefore } from "../src/relay/wizard/route-draft.ts";
import { type Maker, RouteWizard } from "../src/relay/wizard/route-wizard.ts";
import type { SeenChat } from "../src/relay/wizard/step-check.ts";
import { AuditStore } from "../src/store/audit.ts";
import { PlaceStore } from "../src/store/places.ts";
import { WorkerStore } from "../src/store/workers.ts";
import { ASKER, controlDb, HOST, TestClock, WORKER } from "./support.ts";

const OTHER = parseWorkerId("other_1");
const ANN = parseUserId("777");
const by: Maker = { admin: ANN, asker: ASKER, id: "press-0000000001", chat: "777" };
const chat = (ref: string, more: Partial<KnownChat> = {}): KnownChat => ({
  ...{ ref, title: ref, kind: "channel", forum: false, mayWrite: true },
  ...more,
});

const SEEN: Readonly<Record<string, SeenChat>> = {
  "-1000000000009": { title: "Team", forum: false, id: "-1000000000009", linked: null },
  "@news_9": { title: "News", forum: false, id: "-1000000000010", linked: "-1000000000011" },
  "@talk_9": { title: "Talk", forum: false, id: "-1000000000011", linked: "-1000000000010" },
};

/** The wizard over real stores; the worker's lists are here already. */
async function start() {
  const [db, clock] = [await controlDb(), new TestClock()];
  const workers = new WorkerStore(db);
  for (const worker of [WORKER, OTHER]) workers.add(worker, HOST, "ann", 1);
  const routes = new RouteStore(db);
  const relay = new RouteDesk({
    store: routes,
    isWorker: (id) => workers.find(id) !== null,
    tell: async () => {},
    now: () => clock.now(),
    readers: () => [],
  });
  const lists = new ChatLists();
  const asked: string[] = [];
  const commands = {
    relay: async (wish: { readonly kind: string }, worker: string) => {
      asked.push(`${wish.kind} ${worker}`);
      return { kind: "sent", id: "c" } as const;
    },
  };
  const make = () =>
    new RouteWizard({
      ...{ routes, relay, lists, workers, clock, drafts: new DraftStore(db) },
      places: new PlaceStore(db),
      audit: new AuditStore(db),
      commands: commands as never,
      botChat: async (ref) => SEEN[ref] ?? null,
    });
  return { wizard: make(), make, routes, lists, asked };
}

test("a route is made by presses and texts, over a new start of the bot", async () => {
  const { wizard, make, routes, lists, asked } = await start();
  lists.keep(WORKER, { kind: "chats", chats: [chat("@a_1_a"), chat("-1000000000003", { forum: true })] });
  lists.keep(OTHER, { kind: "chats", chats: [chat("@out_1")] });
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.press(by, "chats", sourceKey("@a_1_a"));
  await wizard.press(by, "chats", sourceKey("-1000000000003"));
  await wizard.press(by, "chats", sourceKey("@a_1_a"));
  expect(wizard.of(ANN)?.chats.map(({ ref }) => ref)).toEqual(["-1000000000003"]);
  await wizard.press(by, "chats", "next");
  const again = make();
  await again.press(by, "topic", "t1s");
  await again.text(by, "btc or eth");
  await again.text(by, "📣 {text}");
  await again.press(by, "kind", "worker");
  await again.press(by, "sender", sourceKey(OTHER));
  await again.press(by, "target", sourceKey("@out_1"));
  expect(again.of(ANN)?.step).toBe("summary");
  expect(await again.press(by, "summary", "dry")).toMatchObject({ kind: "dry", route: "route_1" });
  expect(await again.press(by, "summary", "save")).toEqual({ kind: "saved", route: "route_1" });
  expect(routes.find("route_1")).toMatchObject({
    on: true,
    from: { worker: WORKER, chats: ["-1000000000003"], topic: 64 },
    filter: "btc or eth",
    action: { kind: "copy", template: "📣 {text}" },
    to: { kind: "worker", worker: OTHER, chat: "@out_1" },
  });
  expect(asked).toEqual([`relay.chats ${WORKER}`, `relay.topics ${WORKER}`, `relay.chats ${OTHER}`, `relay.dry ${WORKER}`]);
  expect(again.of(ANN)).toBeNull();
});

test("a wrong answer is told and changes nothing; a button of another step, or of no draft, is stale", async () => {
  const { wizard, routes } = await start();
  expect(await wizard.press(by, "name", "take")).toEqual({ kind: "stale" });
  expect(await wizard.text(by, "x")).toEqual({ kind: "stale" });
  wizard.begin(ANN, WORKER);
  const problem = async (text: string) => {
    await wizard.text(by, text);
    return wizard.of(ANN)?.problem?.key;
  };
  expect(await problem("9 lives")).toBe("rwiz-bad-name");
  expect(await wizard.press(by, "summary", "save")).toEqual({ kind: "stale" });
  expect(await problem("lives")).toBeUndefined();
  await wizard.press(by, "chats", "next");
  expect(wizard.of(ANN)?.problem?.key).toBe("rwiz-no-chats");
  expect(await problem("me")).toBe("rwiz-bad-chat");
  expect(await problem("hello there")).toBe("rwiz-bad-chat");
  expect(await problem("@source_1, https://t.me/other_1")).toBeUndefined();
  await wizard.press(by, "chats", "next");
  expect(await problem("(")).toBe("route-problem-rule-missing");
  await wizard.press(by, "filter", "all");
  expect(await problem("{nobody}")).toBe("route-problem-bad-template");
  await wizard.press(by, "action", "copy");
  await wizard.press(by, "kind", "webhook");
  expect(await problem("http://example.org")).toBe("rwiz-bad-url");
  await wizard.press(by, "target", "back");
  await wizard.press(by, "kind", "bot");
  expect(await problem("-1000000000008")).toBe("rwiz-bot-not-in");
  expect(await problem("-1000000000009")).toBeUndefined();
  expect(wizard.of(ANN)).toMatchObject({
    step: "summary",
    target: { title: "Team" },
    chats: [{ ref: "@source_1" }, { ref: "@other_1" }],
  });
  expect(routes.all()).toEqual([]);
});

test("what the rules of the file refuse is not saved: a loop, a name that was taken meanwhile", async () => {
  const { wizard, routes } = await start();
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.text(by, "@one_1_1");
  for (const [step, op] of [
    ["chats", "next"],
    ["filter", "all"],
    ["action", "copy"],
    ["kind", "worker"],
    ["sender", sourceKey(WORKER)],
  ] as const)
    await wizard.press(by, step, op);
  await wizard.text(by, "@one_1_1");
  const draft = wizard.of(ANN) ?? newDraft("x", null);
  expect(draft).toMatchObject({ step: "target", target: null, problem: { key: "route-problem-loop" } });
  await wizard.press(by, "target", "me");
  const taken = Route.parse({
    id: draft.id,
    from: { worker: WORKER, chats: ["@z_1_z"] },
    to: { kind: "worker", worker: WORKER, chat: "me" },
  });
  routes.replace([taken], 1);
  expect(await wizard.press(by, "summary", "save")).toMatchObject({ kind: "draft" });
  expect(routes.all()).toEqual([taken]);
});

describe("a chat that no route may have is refused at its own step, and the draft stays as it was", () => {
  const SERVICE = [
    "777000",
    "-100777000",
    "-1000000777000",
    "42777",
    "@VerificationCodes",
    "t.me/replies",
    "https://t.me/c/777000/5",
  ];

  async function at(kind: "worker" | "bot", source = "@one_1_1") {
    const started = await start();
    const { wizard } = started;
    wizard.begin(ANN, WORKER);
    await wizard.press(by, "name", "take");
    await wizard.text(by, source);
    for (const [step, op] of [
      ["chats", "next"],
      ["filter", "all"],
      ["action", "copy"],
      ["kind", kind],
    ] as const)
      await wizard.press(by, step, op);
    if (kind === "worker") await wizard.press(by, "sender", sourceKey(OTHER));
    expect(wizard.of(ANN)?.step).toBe("target");
    return started;
  }

  test.each(SERVICE)("%s, a service chat, as a source and as a target", async (chatRef) => {
    const { wizard } = await at("worker");
    await wizard.text(by, chatRef);
    expect(wizard.of(ANN)).toMatchObject({ step: "target", target: null, problem: { key: "route-problem-service-chat" } });
    for (const step of ["target", "sender", "kind", "action", "filter"]) await wizard.press(by, step, "back");
    await wizard.text(by, `@two_2_2 ${chatRef}`);
    expect(wizard.of(ANN)).toMatchObject({
      step: "chats",
      chats: [{ ref: "@one_1_1" }],
      problem: { key: "route-problem-service-chat" },
    });
  });

  test("a person as the target of a worker, and a channel whose discussion group is the source", async () => {
    const { wizard } = await at("worker");
    await wizard.text(by, "12345");
    expect(wizard.of(ANN)).toMatchObject({ step: "target", problem: { key: "route-problem-person" } });
    for (const source of ["@talk_9", "-1000000000011"]) {
      const { wizard: other } = await at("bot", source);
      await other.text(by, "@news_9");
      expect(other.of(ANN)).toMatchObject({
        step: "target",
        target: null,
        problem: { key: "route-problem-loop", args: { to: "@news_9", back: source } },
      });
    }
    const { wizard: well } = await at("bot", "@one_1_1");
    await well.text(by, "@news_9");
    expect(well.of(ANN)).toMatchObject({ step: "summary", target: { title: "News" } });
  });

  test("a source that is added to a finished route and would lead back", async () => {
    const { wizard } = await at("worker");
    await wizard.text(by, "@out_1_1");
    await wizard.press(by, "summary", "chats");
    await wizard.text(by, "@out_1_1");
    expect(wizard.of(ANN)).toMatchObject({
      step: "chats",
      chats: [{ ref: "@one_1_1" }],
      problem: { key: "route-problem-loop" },
    });
  });
});

test("a change keeps what was not asked for; a forward cannot keep the bot as its target", async () => {
  const { wizard, routes } = await start();
  const before = Route.parse({
    ...{ id: "r", on: false, edits: false, alert: "sound", maxFileMb: 7, filter: "btc" },
    from: { worker: WORKER, chats: ["@a_1_a", "@b_1_b"], paused: ["@b_1_b"] },
    to: { kind: "bot", chat: "-1000000000009", topic: 5 },
  });
  routes.replace([before], 1);
  expect([wizard.edit(ANN, "nobody"), wizard.edit(ANN, "r")]).toEqual([false, true]);
  await wizard.press(by, "summary", "filter");
  await wizard.text(by, "eth");
  await wizard.press(by, "summary", "save");
  expect(routes.find("r")).toEqual({ ...before, filter: "eth" });
  wizard.edit(ANN, "r");
  await wizard.press(by, "summary", "action");
  await wizard.press(by, "action", "forward");
  expect(wizard.of(ANN)).toMatchObject({ step: "kind", kind: null, target: null });
  expect(wizard.cancel(ANN)).toBe(true);
  expect(routes.find("r")).toMatchObject({ action: { kind: "copy" } });
});

describe("steps", () => {
  const done = draftOf(
    Route.parse({
      id: "r",
      from: { worker: WORKER, chats: ["-1000000000003"], topic: 3 },
      to: { kind: "worker", worker: OTHER, chat: "-1000000000004", topic: 4 },
    }),
    (ref) => ({ ref, title: ref, forum: false }),
  );

  test("follow from what was chosen; a part that is changed leads back to the summary", () => {
    expect(pathOf(newDraft("x", WORKER))).toEqual(["name", "chats", "filter", "action", "kind", "target", "summary"]);
    expect(pathOf(done)).toEqual(["chats", "topic", "filter", "action", "kind", "sender", "target", "into", "summary"]);
    const from = (step: typeof done.step) => [nextStep({ ...done, step }), stepBefore({ ...done, step })];
    expect([from("chats"), from("topic"), from("filter"), from("sender"), from("into"), from("summary")]).toEqual([
      ["topic", "summary"],
      ["summary", "chats"],
      ["summary", "summary"],
      ["target", "kind"],
      ["summary", "target"],
      ["summary", null],
    ]);
    expect(routeOf(done, null)).toMatchObject({ from: { topic: 3 }, to: { topic: 4 } });
  });
});

test.each([
  ["@name_1", { ref: "@name_1", topic: null }],
  ["-1000000001234", { ref: "-1000000001234", topic: null }],
  ["https://t.me/name_1", { ref: "@name_1", topic: null }],
  ["t.me/name_1/77", { ref: "@name_1", topic: null }],
  ["https://t.me/name_1/7/77", { ref: "@name_1", topic: 7 }],
  ["https://t.me/c/1234/7/77", { ref: "-1000000001234", topic: 7 }],
  ["https://t.me/c/1234/7", { ref: "-1000000001234", topic: null }],
  ["https://example.org/name_1", null],
  ["hello", null],
])("%s is a chat, or is not", (text, expected) => {
  expect(typedChat(text)).toEqual(expected);
});
