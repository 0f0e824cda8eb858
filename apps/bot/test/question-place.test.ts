/** A question is answered where it was asked: in that chat, and in that topic of a group. */
import { expect, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { handleText } from "../src/app/texts.ts";
import type { Verb } from "../src/kit/button.ts";
import { meet, startFleet } from "./chat.ts";
import { ANN, ASKER, HOST, WORKER } from "./support.ts";

const TOPIC = "-100123/7";

test.each<[Verb, string]>([
  ["find", ""],
  ["rename", ""],
  ["tags", ""],
  ["quiet", ""],
  ["rnew", ""],
])(
  "what %s asked in a topic is answered there, and by no text of another chat",
  async (verb, arg) => {
    const fleet = await startFleet();
    await meet(fleet, 777, "Ann");
    const { parts } = fleet;
    parts.workers.add(WORKER, HOST, "777", 1);
    parts.places.add(TOPIC, "Night watch", "en");
    const shown: string[] = [];
    const panels = {
      ...{ screen: () => null, message: () => null, replace: async () => {} },
      show: async (chat: string, { kind }: { kind: string }) => void shown.push(`${chat} ${kind}`),
    };
    const deps = { ...parts, panels };
    const who = {
      admin: ANN,
      role: "owner",
      asker: ASKER,
      toast: async () => {},
      message: 5,
    } as const;
    await handlePress(deps, {
      ...who,
      id: "press-0000000001",
      press: { verb, about: WORKER, arg },
      chat: TOPIC,
    });
    const asked = parts.admins.expecting(ANN);
    expect(asked).not.toBeNull();
    const type = async (chat: string): Promise<void> => {
      shown.length = 0;
      const base = {
        id: "text-1",
        admin: ANN,
        role: "owner",
        asker: ASKER,
        erase: async () => true,
        reply: async () => {},
      } as const;
      await handleText(deps, { ...base, chat, text: "some_words" });
    };
    await type("777");
    expect([shown, parts.admins.expecting(ANN)]).toEqual([["777 menu"], asked]);
    for (const other of ["-100123", "-100123/8"]) {
      await type(other);
      expect([shown, parts.admins.expecting(ANN)]).toEqual([[], asked]);
    }
    await type(TOPIC);
    expect(shown).toEqual([expect.stringContaining(`${TOPIC} `)]);
  },
);

test("a press on a question that leaves its card as it is leaves the question open", async () => {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  const { parts } = fleet;
  parts.workers.add(WORKER, HOST, "777", 1);
  const asking = { kind: "ask", what: "rename", worker: WORKER, problem: null } as const;
  const panels = {
    ...{ screen: () => asking, message: () => 5, replace: async () => {} },
    show: async () => {},
  };
  const who = {
    admin: ANN,
    role: "owner",
    asker: ASKER,
    toast: async () => {},
    message: 5,
  } as const;
  parts.admins.expect(ANN, "rename", WORKER, "777");
  const asked = parts.admins.expecting(ANN);
  // 🧪 says that it is done, and shows nothing.
  const press = { verb: "test", about: "", arg: "" };
  await handlePress({ ...parts, panels }, { ...who, id: "press-0000000002", press, chat: "777" });
  expect(parts.admins.expecting(ANN)).toEqual(asked);
});
