import { describe, expect, test } from "vitest";
import { handlePress } from "../src/app/presses.ts";
import { handleText } from "../src/app/texts.ts";
import type { Verb } from "../src/kit/button.ts";
import { CONFIRM_MS } from "../src/kit/confirm.ts";
import type { Role } from "../src/kit/roles.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, ASKER, WORKER } from "./support.ts";

let presses = 0;

/** Ann presses a button, in a role; answers with what she is told at once. */
async function press(
  fleet: Fleet,
  verb: Verb,
  arg: string,
  role: Role = "owner",
): Promise<string | undefined> {
  const said: (string | undefined)[] = [];
  const message = (await fleet.bot.api.sendMessage(777, "card")).message_id;
  const toast = async (text?: { key: string }): Promise<void> => void said.push(text?.key);
  const id = `press-${String(++presses).padStart(10, "0")}`;
  const worker = verb === "yes" ? "" : WORKER;
  await handlePress(fleet.parts, {
    id,
    role,
    admin: ANN,
    press: { verb, about: worker, arg },
    asker: ASKER,
    chat: "777",
    message,
    toast,
  });
  return said[0];
}

async function withWorker(): Promise<Fleet> {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  fleet.parts.addWorker(WORKER, ASKER);
  return fleet;
}

const stampOf = (fleet: Fleet): string => {
  const screen = fleet.parts.panels.screen("777");
  return screen?.kind === "confirm" ? Math.floor(screen.at / 1000).toString(36) : "";
};

describe.each([
  ["logout", "logout", /Log news_1 out of Telegram\?/],
  ["rmsession", "remove-session", /Remove the session of news_1\?/],
] as const)("%s", (verb, command, question) => {
  test(
    "asks once more with the name, in red, and is then asked of the fleet under the name of " +
      "who pressed",
    async () => {
      const fleet = await withWorker();
      await press(fleet, verb, "");
      const asked = await fleet.waitForBot(777, question);
      expect(asked.text).toMatch(/copy|checked/);
      expect(JSON.stringify(asked.keyboard)).toContain('"style":"danger"');
      expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
      expect(await press(fleet, "yes", stampOf(fleet))).toBe("toast-queued");
      expect(fleet.parts.commandLog.latest(WORKER)).toMatchObject({
        verb: command,
        askerName: "Ann",
      });
      expect(fleet.parts.audit.find(WORKER, 5)).toMatchObject([{ byName: "Ann", worker: WORKER }]);
    },
  );

  test("does nothing for an operator, nor after half a minute", async () => {
    const fleet = await withWorker();
    expect(await press(fleet, verb, "", "operator")).toBe("toast-refused");
    await press(fleet, verb, "");
    expect(await press(fleet, "yes", stampOf(fleet), "operator")).toBe("toast-refused");
    const at = fleet.parts.clock.now() - CONFIRM_MS - 1000;
    await fleet.parts.panels.show(
      "777",
      { kind: "confirm", what: verb, worker: WORKER, tag: "", at },
      null,
    );
    expect(await press(fleet, "yes", stampOf(fleet))).toBe("toast-confirm-late");
    expect(fleet.parts.commandLog.latest(WORKER)).toBeNull();
  });
});

test("a worker is deleted by its name, typed within half a minute", async () => {
  const fleet = await withWorker();
  const type = (text: string) =>
    handleText(fleet.parts, {
      id: `press-${String(++presses).padStart(10, "0")}`,
      text,
      admin: ANN,
      role: "owner",
      asker: ASKER,
      chat: "777",
      erase: async () => true,
      reply: async () => {},
    });
  fleet.parts.admins.expect(
    ANN,
    "delete",
    `${WORKER} ${fleet.parts.clock.now() - CONFIRM_MS - 1000}`,
  );
  await type(WORKER);
  await fleet.waitForBot(777, "Nothing was done");
  expect(fleet.parts.commandLog.open(WORKER, "forget")).toBeNull();
  await press(fleet, "delete", "");
  await type("news_2");
  await fleet.waitForBot(777, "That is not its name");
  await type(WORKER);
  expect(fleet.parts.commandLog.open(WORKER, "forget")).toMatchObject({ askerName: "Ann" });
});
