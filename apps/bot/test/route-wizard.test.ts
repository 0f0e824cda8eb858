import { Route } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { sourceKey } from "../src/relay/source-key.ts";
import { isInvitation, typedChat } from "../src/relay/wizard/chat-refs.ts";
import { typedTopic } from "../src/relay/wizard/draft-edits.ts";
import {
  draftOf,
  newDraft,
  nextStep,
  pathOf,
  routeOf,
  stepBefore,
} from "../src/relay/wizard/route-draft.ts";
import { ANN, by, chat, OTHER, start } from "./route-maker.ts";
import { WORKER } from "./support.ts";

test("a route is made by presses and texts, over a new start of the bot", async () => {
  const { wizard, make, routes, lists, asked } = await start();
  lists.keep(WORKER, {
    kind: "chats",
    chats: [chat("@a_1_a"), chat("-1000000000003", { forum: true })],
  });
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
  expect(asked).toEqual([
    `relay.chats ${WORKER}`,
    `relay.topics ${WORKER}`,
    `relay.chats ${OTHER}`,
    `relay.dry ${WORKER}`,
  ]);
  expect(again.of(ANN)).toBeNull();
});

test(
  "a wrong answer is told and changes nothing; a button of another step, or of no draft, is " +
    "stale",
  async () => {
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
    expect(await problem("{missing}")).toBe("route-problem-bad-template");
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
  },
);

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
  expect(draft).toMatchObject({
    step: "target",
    target: null,
    problem: { key: "route-problem-loop" },
  });
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

test("a change keeps what was not asked for; a forward cannot keep the bot as its target", async () => {
  const { wizard, routes } = await start();
  const before = Route.parse({
    ...{ id: "r", on: false, edits: false, alert: "sound", maxFileMb: 7, filter: "btc" },
    from: { worker: WORKER, chats: ["@a_1_a", "@b_1_b"], paused: ["@b_1_b"] },
    to: { kind: "bot", chat: "-1000000000009", topic: 5 },
  });
  routes.replace([before], 1);
  expect([wizard.edit(ANN, "missing"), wizard.edit(ANN, "r")]).toEqual([false, true]);
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
    expect(pathOf(newDraft("x", WORKER))).toEqual([
      "name",
      "chats",
      "filter",
      "action",
      "kind",
      "target",
      "summary",
    ]);
    expect(pathOf(done)).toEqual([
      "chats",
      "topic",
      "filter",
      "action",
      "kind",
      "sender",
      "target",
      "into",
      "summary",
    ]);
    const from = (step: typeof done.step) => [
      nextStep({ ...done, step }),
      stepBefore({ ...done, step }),
    ];
    expect([
      from("chats"),
      from("topic"),
      from("filter"),
      from("sender"),
      from("into"),
      from("summary"),
    ]).toEqual([
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
  ["t.me/name_1/77", { ref: "@name_1", topic: null, number: 77 }],
  ["T.ME/Name_1", { ref: "@Name_1", topic: null }],
  ["https://telegram.me/name_1/77?single", { ref: "@name_1", topic: null, number: 77 }],
  ["https://t.me/s/name_1", { ref: "@name_1", topic: null }],
  ["https://t.me/c/1234/77?thread=7", { ref: "-1000000001234", topic: 7 }],
  ["name_1.t.me", { ref: "@name_1", topic: null }],
  ["tg://resolve?domain=name_1&post=77", { ref: "@name_1", topic: null }],
  ["tg://privatepost?channel=1234&post=77&thread=7", { ref: "-1000000001234", topic: 7 }],
  ["https://web.telegram.org/a/#-1001234567890", { ref: "-1001234567890", topic: null }],
  ["https://web.telegram.org/k/#@name_1", { ref: "@name_1", topic: null }],
  ["\u202a@name_1\u202c,", { ref: "@name_1", topic: null }],
  ["`@name_1`", { ref: "@name_1", topic: null }],
  ["\u2212100\uff11234567890", { ref: "-1001234567890", topic: null }],
  ["t.me/+AbCd_efgh", null],
  ["t.me/joinchat/AbCd", null],
  ["https://t.me/addstickers/name_1", null],
  ["https://t.me/c/0/7", null],
  ["https://t.me/name_1/7/77", { ref: "@name_1", topic: 7 }],
  ["https://t.me/c/1234/7/77", { ref: "-1000000001234", topic: 7 }],
  ["https://t.me/c/1234/7", { ref: "-1000000001234", topic: null, number: 7 }],
  ["https://example.org/name_1", null],
  ["hello", null],
])("%s is a chat, or is not", (text, expected) => {
  expect(typedChat(text)).toEqual(expected);
});

test("an invitation names no chat, and is told so", async () => {
  expect(
    ["t.me/+AbCd_efgh", "https://t.me/joinchat/AbCd", "tg://join?invite=AbCd"].map(isInvitation),
  ).not.toContain(false);
  const { wizard } = await start();
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.text(by, "https://t.me/+AbCd_efgh");
  expect(wizard.of(ANN)?.problem?.key).toBe("rwiz-invitation");
});

test("a chat that is written twice in one message is one source", async () => {
  const { wizard } = await start();
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.text(by, "@fine_1; @FINE_1\nhttps://t.me/Fine_1/5");
  expect(wizard.of(ANN)?.chats.map(({ ref }) => ref)).toEqual(["@fine_1"]);
});

test("a listed chat that is typed in other letters is the listed one", async () => {
  const { wizard, lists } = await start();
  lists.keep(WORKER, { kind: "chats", chats: [chat("@a_1_a")] });
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.text(by, "t.me/A_1_A");
  expect(wizard.of(ANN)?.chats.map(({ ref }) => ref)).toEqual(["@a_1_a"]);
  await wizard.press(by, "chats", sourceKey("@a_1_a"));
  expect(wizard.of(ANN)?.chats).toEqual([]);
});

test("what is typed where only buttons are is told; a worker can be named", async () => {
  const { wizard } = await start();
  wizard.begin(ANN, WORKER);
  await wizard.press(by, "name", "take");
  await wizard.text(by, "@fine_1");
  await wizard.press(by, "chats", "next");
  await wizard.text(by, "btc");
  await wizard.text(by, "{text}");
  await wizard.text(by, "to my channel please");
  expect(wizard.of(ANN)).toMatchObject({ step: "kind", problem: { key: "rwiz-tap" } });
  await wizard.press(by, "kind", "worker");
  await wizard.text(by, "no such worker");
  expect(wizard.of(ANN)).toMatchObject({ step: "sender", problem: { key: "rwiz-tap" } });
  await wizard.text(by, OTHER.toUpperCase());
  expect(wizard.of(ANN)).toMatchObject({ step: "target", sender: OTHER, problem: null });
});

test("a route in three lines takes links as any other step does", async () => {
  const { wizard, routes } = await start();
  wizard.begin(ANN, WORKER);
  await wizard.text(by, "https://t.me/c/4/7/99\nbot https://t.me/c/5/8/1");
  expect(routes.all()).toMatchObject([
    {
      from: { chats: ["-1000000000004"], topic: 7 },
      to: { kind: "bot", chat: "-1000000000005", topic: 8 },
    },
  ]);
});

test("a topic by its own link, or by its number as people paste it", () => {
  const topics = [{ id: 7, title: "Desk", closed: false }];
  const typed = [
    "7",
    "#7",
    "\u202a７",
    "t.me/c/1234/7",
    "t.me/name_1/7",
    "t.me/c/1234/7/99",
    "t.me/c/1234/8",
    "desk",
  ];
  expect(typed.map((text) => typedTopic(text, topics))).toEqual([7, 7, 7, 7, 7, 7, null, null]);
  expect(typedTopic("t.me/c/1234/8", null)).toBe(8);
});

describe("field fault B11: the reader is asked about chats that were typed", () => {
  test.each([
    ["2000001", "route-problem-misnumbered", []],
    ["@fine_1 2000001", "route-problem-misnumbered", []],
    ["-100200300", "rwiz-unknown-chat", ["-100200300"]],
    ["@no_such_chat, -1000000000004", "rwiz-unknown-chat", ["@no_such_chat", "-1000000000004"]],
    ["-1000000000004", undefined, ["-1000000000004"]],
  ])("%s", async (text, problem, chats) => {
    const { wizard } = await start();
    wizard.begin(ANN, WORKER);
    await wizard.press(by, "name", "take");
    await wizard.text(by, text);
    const draft = wizard.of(ANN);
    expect([draft?.problem?.key, draft?.chats.map(({ ref }) => ref)]).toEqual([problem, chats]);
    if (problem === "route-problem-misnumbered")
      expect(draft?.problem?.args).toEqual({
        worker: WORKER,
        chat: "2000001",
        meant: "-1000002000001",
      });
  });

  test(
    "a note is gone with the next answer; a route in three lines with a wrong number is not " +
      "made",
    async () => {
      const { wizard, routes } = await start();
      wizard.begin(ANN, WORKER);
      await wizard.text(by, "2000001\n-1000000000009\nbtc");
      expect([wizard.of(ANN)?.problem?.key, routes.all()]).toEqual([
        "route-problem-misnumbered",
        [],
      ]);
      await wizard.press(by, "name", "take");
      await wizard.text(by, "-100200300");
      await wizard.press(by, "chats", "next");
      expect(wizard.of(ANN)).toMatchObject({ step: "filter", problem: null });
    },
  );
});
