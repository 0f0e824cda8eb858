import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@flotilla/kernel";
import { copyRunning, inspectCopy, openDatabase, openScratch } from "@flotilla/sqlite";
import { type SpawnedProcess, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { failureOf } from "./support/databases.ts";

const WRITER = fileURLToPath(new URL("fixtures/busy-writer.ts", import.meta.url));
const RULED = fileURLToPath(new URL("fixtures/ruled-owner.ts", import.meta.url));
let folder = "";
let path = "";
let target = "";
beforeEach(async () => {
  folder = await testDir();
  path = join(folder, "a.session");
  target = join(folder, "copy.session");
});

/** The last commit that the writer reported. */
const lastOf = ({ stdout }: SpawnedProcess): number =>
  Number(stdout.slice(0, stdout.lastIndexOf("\n")).split("\n").at(-1));

/** Has the ruled owner carry out orders, and blocks this process until it did. */
function order(...orders: readonly string[]): void {
  const answers = (): number => readFileSync(`${path}.answers`, "utf8").split("\n").length;
  const wanted = answers() + orders.length;
  appendFileSync(`${path}.orders`, orders.map((each) => `${each}\n`).join(""));
  const deadline = Date.now() + 20_000;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  while (answers() < wanted && Date.now() < deadline) Atomics.wait(cell, 0, 0, 1);
  expect(answers(), `the owner to do ${orders.join()}`).toBe(wanted);
}

/** The numbers in a copy: the same in each row when it is one committed state. */
function numbersIn(file: string): number[] {
  using db = openScratch(0);
  db.write("ATTACH DATABASE ? AS source", [file]);
  return db.read<{ n: number }>("SELECT DISTINCT n FROM source.t").map(({ n }) => n);
}

/** What a copy says: its last commit and the sum that each commit keeps. */
function contentOf(file: string): { last: number; count: number; sum: number } {
  using db = openScratch(0);
  db.write("ATTACH DATABASE ? AS source", [file]);
  const found = db.readOne<{ last: number; count: number; sum: number }>(
    `SELECT (SELECT max(n) FROM source.log) AS last, (SELECT count(*) FROM source.log) AS count,
       (SELECT sum(money) FROM source.account) AS sum`,
  );
  return found ?? { last: 0, count: 0, sum: 0 };
}

function makeSmall(): void {
  openDatabase({
    path,
    role: "session",
    migrations: ["CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"],
    exclusive: true,
  }).close();
  rest(path);
}

/** Long ago, so that no copy waits until it rests. */
function rest(file: string): void {
  const before = new Date(Date.now() - 3_600_000);
  utimesSync(file, before, before);
}

describe("copyRunning", () => {
  test("copies of a database that never rests have every commit before them, and no half one", async () => {
    const seed = 1 + (Date.now() % 100_000);
    const writer = spawnNode(WRITER, [path, String(seed)]);
    await writer.waitForOutput("\n");
    for (let n = 0; n < 60; n += 1) {
      const before = lastOf(writer);
      await waitFor(() => lastOf(writer) > before, { what: "another commit" });
      const acknowledged = lastOf(writer);
      const facts = await copyRunning(path, target);
      const copied = contentOf(target);
      const where = `copy ${n} of seed ${seed}`;
      expect(facts, where).toEqual({ role: "session", version: 1, damage: null });
      expect(copied.last, where).toBeGreaterThanOrEqual(acknowledged);
      expect(copied.count, where).toBe(copied.last);
      expect(copied.sum, where).toBe(800);
    }
    expect(writer.stderr, "the owner noticed nothing").toBe("");
    expect(statSync(target).mode & 0o777).toBe(0o600);
    const left = readdirSync(folder).filter((name) => name.startsWith("copy.session"));
    expect(left, "one file, no journal").toEqual(["copy.session"]);
  });

  test.each([
    ["a commit", ["commit"]],
    ["a commit and a checkpoint", ["commit", "passive"]],
    ["a checkpoint that starts the journal over", ["passive", "commit", "passive"]],
    ["a checkpoint that empties the journal", ["commit", "truncate"]],
    ["a checkpoint that empties the journal, and a commit", ["truncate", "commit", "passive"]],
    ["the end of its owner", ["commit", "close"]],
  ])("%s under the copy, at each of its steps", async (_, orders) => {
    for (const journal of [["beside"], ["beside", "truncate"]])
      for (const step of [1, 2, 3]) {
        const owner = spawnNode(RULED, [path]);
        await waitFor(() => existsSync(`${path}.answers`), { what: "the owner" });
        order(...journal);
        rest(path);
        let steps = 0;
        const facts = await copyRunning(path, target, {
          onStep: () => {
            steps += 1;
            if (steps === step) order(...orders);
          },
        });
        const commits = 10 + orders.filter((each) => each === "commit").length;
        const where = `step ${step} after ${journal.join()}`;
        expect(facts.damage, where).toBeNull();
        expect(numbersIn(target), where).toHaveLength(1);
        expect(numbersIn(target)[0], where).toBeGreaterThanOrEqual(10);
        expect(numbersIn(target)[0], where).toBeLessThanOrEqual(commits);
        owner.kill("SIGKILL");
        await owner.exited;
        for (const name of readdirSync(folder)) rmSync(join(folder, name));
      }
  });

  test("takes what is only in the journal of an owner that was stopped in the middle", async () => {
    const writer = spawnNode(WRITER, [path, "7"]);
    await writer.waitForOutput("\n20\n");
    writer.kill("SIGSTOP");
    const acknowledged = lastOf(writer);
    await copyRunning(path, target);
    expect(contentOf(target).last).toBeGreaterThanOrEqual(acknowledged);
    writer.kill("SIGKILL");
    await writer.exited;
    await copyRunning(path, target);
    expect(contentOf(target)).toMatchObject({ sum: 800 });
  });

  test("leaves the owner its lock", async () => {
    const owner = spawnNode(WRITER, [path, "3"]);
    await owner.waitForOutput("\n20\n");
    owner.kill("SIGSTOP");
    for (let n = 0; n < 5; n += 1) await copyRunning(path, target);
    expect(() => openDatabase({ path, role: "session", migrations: [], exclusive: true })).toThrow(
      expect.objectContaining({ code: "sqlite-locked" }),
    );
  });

  test("refuses a database that this process has open: closing it would drop its lock", async () => {
    using _ = openDatabase({ path, role: "session", migrations: [], exclusive: true });
    expect((await failureOf(copyRunning(path, target))).code).toBe("sqlite-locked");
    expect(existsSync(target)).toBe(false);
  });

  test("a missing one leaves no file", async () => {
    expect((await failureOf(copyRunning(path, target))).code).toBe("sqlite-missing");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a damaged one is copied as it is, and called damaged", async () => {
    makeSmall();
    const descriptor = openSync(path, "r+");
    writeSync(descriptor, Buffer.alloc(400, 0xff), 0, 400, 4096);
    closeSync(descriptor);
    const facts = await copyRunning(path, target);
    expect(facts.damage).not.toBeNull();
    expect(existsSync(target)).toBe(true);
    writeFileSync(path, "no database at all");
    expect(await copyRunning(path, target)).toMatchObject({ role: null });
  });

  test("a file that another one replaces during the copy is copied again", async () => {
    makeSmall();
    const other = join(folder, "other.session");
    copyFileSync(path, other);
    rest(other);
    let steps = 0;
    const facts = await copyRunning(path, target, {
      onStep: () => {
        steps += 1;
        if (steps === 1) renameSync(other, path);
      },
    });
    expect(facts.damage).toBeNull();
    expect(steps, "two copies and a check").toBe(3);
  });

  test("one that changes without a journal during the copy is copied again", async () => {
    makeSmall();
    let steps = 0;
    await copyRunning(path, target, {
      onStep: () => {
        steps += 1;
        if (steps === 1) utimesSync(path, new Date(1000), new Date(2000));
      },
    });
    expect(steps).toBe(3);
  });

  test("a file with a time in the future can be copied", async () => {
    makeSmall();
    const ahead = new Date(Date.now() + 3_600_000);
    utimesSync(path, ahead, ahead);
    expect(await copyRunning(path, target)).toMatchObject({ damage: null });
  });

  test("gives up with its signal while the file never rests, and leaves nothing", async () => {
    makeSmall();
    const ended = new AbortController();
    const touched = copyRunning(path, target, {
      signal: ended.signal,
      onStep: () => {
        utimesSync(path, new Date(), new Date());
        ended.abort(new AppError("cancelled", "enough"));
      },
    });
    expect((await failureOf(touched)).code).toBe("cancelled");
    expect(readdirSync(folder)).toEqual(["a.session"]);
  });

  test("inspectCopy says role and version, and changes nothing", async () => {
    makeSmall();
    await copyRunning(path, target);
    const before = statSync(target).mtimeMs;
    expect(inspectCopy(target)).toEqual({ role: "session", version: 1, damage: null });
    expect(statSync(target).mtimeMs).toBe(before);
  });
});
