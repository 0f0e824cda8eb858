import { writeFileSync } from "node:fs";
import { isAlive, type SpawnedProcess, spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { endProcess, killProcess } from "../src/end-process.ts";
import { type ProcessIdentity, processIdentity } from "../src/identity.ts";

/** Starts a process and resolves with it, and with its identity, once it runs. */
async function started(
  program: string,
): Promise<{ child: SpawnedProcess; identity: ProcessIdentity }> {
  const file = `${await testDir("end-")}/program.mjs`;
  writeFileSync(file, `${program}; setInterval(() => {}, 1000); console.log("ready")`);
  const child = spawnNode(file, []);
  await child.waitForOutput("ready");
  const identity = processIdentity(child.pid);
  if (!identity) throw new Error("this system tells no identity");
  return { child, identity };
}

const DEAF = "process.on('SIGTERM', () => {})";

test.runIf(process.platform === "linux")(
  "a process that hears SIGTERM ends, and one that does not is killed",
  async () => {
    for (const program of ["", DEAF]) {
      const { identity } = await started(program);
      expect(await endProcess(identity, 300)).toBe(true);
      expect(isAlive(identity.pid)).toBe(false);
    }
  },
);

test.runIf(process.platform === "linux")(
  "a stopped process ends by SIGTERM, not by the kill after it",
  async () => {
    const { child, identity } = await started("process.on('SIGTERM', () => process.exit(0))");
    process.kill(identity.pid, "SIGSTOP");
    expect(await endProcess(identity, 60_000)).toBe(true);
    expect(await child.exited).toEqual({ code: 0, signal: null });
  },
);

test.runIf(process.platform === "linux").each(["startTicks", "bootId"] as const)(
  "a pid whose %s is another one belongs to another program, and is not hit",
  async (field) => {
    const { identity } = await started("");
    const other = { ...identity, [field]: "1" };
    expect(await endProcess(other, 0)).toBe(true);
    expect(await killProcess(other)).toBe(true);
    expect(isAlive(identity.pid)).toBe(true);
  },
);
