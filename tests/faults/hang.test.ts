import { mkdirSync } from "node:fs";
import { isAlive, spawnProcess, testDir } from "@flotilla/testkit";
import { expect, inject, onTestFinished, test } from "vitest";
import { HANG_ROUNDS, type HangRound } from "./hang-rounds.ts";
import { judge, type Recorded } from "./judge.ts";
import { MovedClock } from "./moved-clock.ts";
import { RelayRig } from "./relay-rig.ts";

const { hangs, only } = inject("faults");
const isRoot = process.getuid?.() === 0;

/** Of each kind the one that says most and takes least; the long run has them all. */
const SHORT: readonly (keyof typeof HANG_ROUNDS)[] = [
  "a job that a stranger wrote",
  "the key file is deleted",
];

/** Mounts a small file system at `at`. */
async function mount(at: string, size: string): Promise<void> {
  mkdirSync(at, { recursive: true });
  const mounted = await spawnProcess("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", at])
    .exited;
  expect(mounted.code, `a disk at ${at}`).toBe(0);
  onTestFinished(async () => void (await spawnProcess("umount", ["-l", at]).exited));
}

/** A folder with data, logs and temporary files on separate disks; needs root. */
async function smallDisks(): Promise<string> {
  const dir = await testDir("disk-");
  mkdirSync(`${dir}/temp`);
  if (!isRoot) return dir;
  await mount(`${dir}/data`, "192m");
  await mount(`${dir}/data/sandbox/logs`, "16m");
  await mount(`${dir}/temp`, "4m");
  return dir;
}

/**
 * A hang is no death: while a part stands still, no session is used twice, no message is lost or
 * doubled, no healthy worker is ended, and the chat names the fault. The sandbox's record decides.
 */
test.skipIf(process.platform !== "linux")(
  "a hang kills no worker, loses no message, doubles none, and is named in the chat",
  { timeout: 1_200_000 },
  async () => {
    const dir = hangs ? await smallDisks() : await testDir("hang-");
    const [clock, temp] = [new MovedClock(dir), `${dir}/temp`];
    const rig = await RelayRig.start({
      dir,
      more: { ...clock.env, ...(hangs ? { TMPDIR: temp } : {}) },
    });
    await rig.chat.start();
    const all = Object.keys(HANG_ROUNDS) as (keyof typeof HANG_ROUNDS)[];
    for (const name of hangs ? all.filter((each) => each.includes(only)) : SHORT) {
      const round: HangRound = HANG_ROUNDS[name];
      if (round.canPlay?.() === false) continue;
      const began = performance.now();
      const before = rig.pids();
      const heard = (await rig.chat.messages()).length;
      await round.play(rig, () => rig.traffic(10), { clock, temp });
      await rig.settled(180_000);
      if (round.named) await rig.chat.shows(round.named);
      expect(rig.pids(), `healthy workers that were ended: ${name}`).toEqual(before);
      expect(Object.values(before).every(isAlive)).toBe(true);
      expect(await rig.arrived(), name).toEqual(rig.ways.map(({ sent }) => sent));
      expect(judge(await rig.fleet.get<Recorded[]>("connections/log")), name).toEqual([]);
      const said = (await rig.chat.messages())
        .slice(heard)
        .filter(({ text }) => /(?:reader|sender)_\d[^\n]*(?:needs login|gave up)/.test(text));
      expect(
        said.map(({ text }) => text),
        name,
      ).toEqual([]);
      process.stdout.write(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
    }
  },
);
