import { describe, expect, test } from "vitest";
import { sourceKey } from "../src/relay/source-key.ts";
import { ANN, by, OTHER, start } from "./route-maker.ts";
import { WORKER } from "./support.ts";

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
    expect(wizard.of(ANN)).toMatchObject({
      step: "target",
      target: null,
      problem: { key: "route-problem-service-chat" },
    });
    for (const step of ["target", "sender", "kind", "action", "filter"])
      await wizard.press(by, step, "back");
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
    expect(wizard.of(ANN)).toMatchObject({
      step: "target",
      problem: { key: "route-problem-person" },
    });
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
