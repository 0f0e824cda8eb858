import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { type SpawnedProcess, sharedRedis, spawnNode } from "@flotilla/testkit";
import { beforeEach, expect, test } from "vitest";

const CLAIMANT = fileURLToPath(new URL("fixtures/claimant.ts", import.meta.url));
let url = "";
let prefix = "";

beforeEach(async () => {
  url = (await sharedRedis()).url;
  prefix = `{flotilla.${randomUUID()}}`;
});

function claimant(ttlMs = 900, ...record: string[]): SpawnedProcess {
  return spawnNode(CLAIMANT, [url, prefix, String(ttlMs), ...record]);
}

async function taken(...args: Parameters<typeof claimant>): Promise<SpawnedProcess> {
  const it = claimant(...args);
  await it.waitForOutput("taken");
  return it;
}

test("the second supervisor of one name is refused, by pid, machine and data folder of the first", async () => {
  const first = await taken();
  const second = claimant();
  expect((await second.exited).code).toBe(1);
  expect(second.stdout).toMatch(
    new RegExp(
      `refused .*"host-a".* pid ${first.pid} on box \\(data folder ${process.cwd()}, since 20.*HOST_ID`,
    ),
  );
  expect(first.stdout, "and the first never notices").toBe("taken\n");
});

test("one that ended gave its name back; the name of one that was killed is free after its time", async () => {
  const first = await taken(60_000);
  first.kill("SIGTERM");
  await first.exited;
  const second = await taken();
  second.kill("SIGKILL");
  await second.exited;
  await taken();
});

test(
  "the next one on the same record takes the name at once: its lock says that the other is " +
    "dead",
  async () => {
    const first = await taken(600_000, "boot:1:2");
    first.kill("SIGKILL");
    await first.exited;
    await taken(600_000, "boot:1:2");
  },
);

test(
  "one that was frozen for longer than its time, and wakes up beside another, says so once " +
    "and takes nothing back",
  async () => {
    const first = await taken();
    first.kill("SIGSTOP");
    const second = await taken();
    first.kill("SIGCONT");
    await first.waitForOutput(
      `lost Another supervisor is the host "host-a" of this fleet: pid ${second.pid} `,
    );
    expect(second.stdout).toBe("taken\n");
  },
);
