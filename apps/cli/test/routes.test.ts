import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BotRequest } from "@flotilla/contracts";
import { type AnswerOptions, answerBotRequests } from "@flotilla/queue";
import { sharedRedis, testDir } from "@flotilla/testkit";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { fleetOn, Machine } from "./kit.ts";

const FILE = `version: 1
routes:
  - id: signals
    from: { worker: reader, chats: ["@news_1"] }
    filter: btc or eth
    to: { kind: worker, worker: sender, chat: "-1001" }
`;

let machine: Machine;

beforeEach(async () => {
  const dir = await testDir();
  machine = new Machine(dir);
  machine.env["REDIS_URL"] = (await sharedRedis()).url;
  writeFileSync(join(dir, "routes.yaml"), FILE);
  writeFileSync(
    join(dir, "bad.yaml"),
    FILE.replace("btc or eth", "(btc").replace('"-1001"', '"55"'),
  );
  writeFileSync(join(dir, "worse.yaml"), FILE.replace("filter", "fliter"));
});

async function botThat(handle: AnswerOptions["handle"]): Promise<BotRequest[]> {
  const asked: BotRequest[] = [];
  const place = await fleetOn(machine.env["REDIS_URL"] ?? "");
  const consumer = answerBotRequests(place, {
    handle: (request) => handle(request).finally(() => asked.push(request)),
    onError: () => {},
    isNew: () => true,
  });
  onTestFinished(() => consumer.close());
  return asked;
}

test("apply sends the whole file to the bot, diff and export read the bot's routes", async () => {
  const asked = await botThat(async (request) =>
    request.kind === "routes.get"
      ? { kind: "routes", version: 1, routes: [] }
      : { kind: "applied", version: 2, added: 1, changed: 0, removed: 0 },
  );
  expect(await machine.run(["routes", "apply", "routes.yaml"])).toMatchObject({
    code: 0,
    stdout: "1 routes: 1 new, 0 changed, 0 removed.\n",
  });
  expect(asked[0]).toMatchObject({
    kind: "routes.apply",
    file: { routes: [{ id: "signals", filter: "btc or eth", on: true }] },
  });
  expect(await machine.run(["routes", "diff", "routes.yaml"])).toMatchObject({
    code: 1,
    stdout: "+ signals\n",
  });
  expect(await machine.run(["routes", "export"])).toMatchObject({
    code: 0,
    stdout: "version: 1\nroutes: []\n",
  });
});

test("apply shows what the bot notes about a route that it takes all the same", async () => {
  const notes = [{ route: "signals", field: "from", message: "@news_1 is no chat of demo_1" }];
  await botThat(async () => ({
    kind: "applied",
    version: 2,
    added: 1,
    changed: 0,
    removed: 0,
    notes,
  }));
  expect(await machine.run(["routes", "apply", "routes.yaml"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("⚠️ signals, from: @news_1 is no chat of demo_1\n"),
  });
  expect(await machine.json(["routes", "apply", "routes.yaml"], 0)).toMatchObject({ notes });
});

test("errors of the file are reported with their place before the bot is asked", async () => {
  const bad = await machine.run(["routes", "apply", "bad.yaml"]);
  expect(bad).toMatchObject({ code: 1 });
  expect(bad.stderr).toContain("signals, filter: A ) is missing");
  expect(bad.stderr).toContain("signals, to: A worker delivers to channels");
  const worse = await machine.run(["routes", "apply", "worse.yaml"]);
  expect(worse.stderr).toMatch(/routes\.0: .*fliter/);
  expect(await machine.run(["routes", "paint"])).toMatchObject({ code: 2 });
});

test(
  "chats that YAML reads as numbers are accepted; an inexact number is refused with a hint " +
    "to quote it",
  async () => {
    const asked = await botThat(async () => ({
      kind: "applied",
      version: 2,
      added: 1,
      changed: 0,
      removed: 0,
    }));
    const numbers = FILE.replace('["@news_1"]', "[-1001234567890, 2000001, me_too]").replace(
      '"-1001"',
      "-1009007199254740",
    );
    writeFileSync(join(machine.cwd, "numbers.yaml"), numbers.replace(", me_too", ', "@me_too"'));
    expect(await machine.run(["routes", "apply", "numbers.yaml"])).toMatchObject({ code: 0 });
    expect(asked[0]).toMatchObject({
      file: {
        routes: [
          {
            from: { chats: ["-1001234567890", "2000001", "@me_too"] },
            to: { chat: "-1009007199254740" },
          },
        ],
      },
    });
    for (const [number, field] of [
      ["-1001234567890123456", "routes.0.to.chat"],
      ["-1.5", "routes.0.to.chat"],
    ]) {
      writeFileSync(join(machine.cwd, "long.yaml"), FILE.replace('"-1001"', number ?? ""));
      const refused = await machine.run(["routes", "apply", "long.yaml"]);
      expect(refused.stderr).toContain(
        `${field}: Invalid input: expected string, received number. Write it in quotes`,
      );
    }
    writeFileSync(join(machine.cwd, "filter.yaml"), FILE.replace("btc or eth", "2026"));
    expect((await machine.run(["routes", "apply", "filter.yaml"])).stderr).toMatch(
      /routes\.0\.filter: .*Write it in quotes/,
    );
  },
);

test("the error says that the bot does not run", async () => {
  const never = await machine.run(["routes", "export"]);
  expect(never.stderr).toContain("No fleet was ever started on this Redis with this FLEET_KEY");
  await fleetOn(machine.env["REDIS_URL"] ?? "");
  const said = await machine.run(["routes", "export"]);
  expect(said).toMatchObject({ code: 1 });
  expect(said.stderr).toContain("The bot did not answer. Is it running?");
});
