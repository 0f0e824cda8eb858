/** Imports from standard input, as into a container, and of a whole configuration. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { Machine, pyrogram } from "./kit.ts";

let machine: Machine;
beforeEach(async () => {
  machine = new Machine(await testDir());
});

test("a session file is read from standard input, as in a container", async () => {
  const key = machine.session("ann");
  const bytes = readFileSync(join(machine.sessions, "ann.session"));
  rmSync(machine.sessions, { recursive: true });
  const json = await machine.json(["import", "-", "--name", "bob", "--yes"], 0, bytes);
  expect(json).toMatchObject({ session: { name: "bob", format: "flotilla-file" } });
  expect(machine.keyOf("bob")).toEqual(key);
});

describe("config.json of another manager (field fault C4)", () => {
  const config = async (
    text: string,
    sessions: Readonly<Record<string, Buffer>>,
  ): Promise<string> => {
    for (const [n, [name, key]] of Object.entries(sessions).entries()) {
      mkdirSync(dirname(join(machine.cwd, "old", name)), { recursive: true });
      writeFileSync(join(machine.cwd, "old", name), pyrogram(key, BigInt(7_000_001 + n)));
    }
    writeFileSync(join(machine.cwd, "old", "config.json"), text);
    return join("old", "config.json");
  };
  const [one, two] = [randomBytes(256), randomBytes(256)];

  test("every worker gets its session under its own name; comments and trailing commas are ignored", async () => {
    const file = await config(
      `\uFEFF{ // the fleet\n "workers": [ { "worker_id": "worker_1", "session_name": ` +
        `"worker_1_session", /* unique */ "targets": ["http://x"] },\n { "worker_id": "Worker 2", ` +
        `"session_name": "w2.session", }, ] }`,
      { "worker_1_session.session": one, "sessions/w2.session": two },
    );
    const said = await machine.run(["import", file, "--yes"]);
    expect(said).toMatchObject({ code: 0, stderr: "" });
    expect(said.stdout).toContain('✓ worker_1: imported a Pyrogram session string as "worker_1".');
    expect(said.stdout).toContain('✓ Worker 2: imported a Pyrogram session string as "worker_2".');
    expect([machine.keyOf("worker_1"), machine.keyOf("worker_2")]).toEqual([one, two]);
  });

  test("a missing session and one of another worker are refused by name; the others are imported", async () => {
    const workers = [
      ["a", "s1"],
      ["b", "gone"],
      ["c", "s1"],
      [4, "s2"],
    ].map(([id, session]) => ({ worker_id: id, session_name: session }));
    const file = await config(JSON.stringify({ workers }), {
      "s1.session": one,
      "s2.session": two,
    });
    const json = await machine.json(["import", file, "--yes"], 1);
    expect(json["sessions"]).toMatchObject([{ name: "a" }, { name: "w_4" }]);
    expect(json["refused"]).toMatchObject([
      { worker: "b", code: "import-unreadable" },
      { worker: "c", code: "session-duplicate" },
    ]);
  });

  test.each(["{}", '{"workers":[]}', '{"workers":[{"worker_id":"a"}]}', "not json"])(
    "%s is no such configuration: a name is required",
    async (text) => {
      const said = await machine.run(["import", await config(text, { "x.session": one }), "--yes"]);
      expect(said).toMatchObject({ code: 2, stderr: expect.stringContaining("--name <worker>") });
    },
  );
});
