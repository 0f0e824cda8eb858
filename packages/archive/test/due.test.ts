import { type BackupNote, Backups } from "@flotilla/archive";
import { backupConcerns, HostBackup } from "@flotilla/contracts";
import { expect, onTestFinished, test } from "vitest";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const log = { info: () => {}, error: () => {} };
const GOOD = {
  path: "/somewhere/a.flotilla",
  bytes: 1000,
  workers: 2,
  damaged: 0,
  tookMs: 5,
  isSameDisk: false,
  isSentAway: null,
};

/** A supervisor's backups with a clock and results of the test. */
class Host {
  now = Date.parse("2026-01-01T00:00:00Z");
  note: BackupNote | null = null;
  runs = 0;
  /** What the next run notes; null = it leaves no note. */
  result: "good" | "failed" | "not-sent" | null = "good";
  readonly backups: Backups;
  isOurs = true;

  constructor(everyMs: number | null = DAY) {
    this.backups = new Backups({
      everyMs,
      readNote: () => this.note,
      run: async () => this.#run(),
      clock: { now: () => this.now, monotonicMs: () => this.now },
      log,
      isOurs: () => this.isOurs,
    });
    onTestFinished(() => this.backups[Symbol.dispose]());
  }

  #run(): void {
    this.runs += 1;
    const at = this.now;
    const problem = { code: "disk-full", message: "The disk is full." };
    const notTaken = { code: "backup-command", message: "It ended with code 1." };
    const before = this.note?.good ?? null;
    if (this.result === "good") this.note = { tried: { at, problem: null }, good: { ...GOOD, at } };
    if (this.result === "failed") this.note = { tried: { at, problem }, good: before };
    if (this.result === "not-sent")
      this.note = { tried: { at, problem: notTaken }, good: { ...GOOD, at, isSentAway: false } };
  }

  /** Looks once a minute for `ms`, and returns how many archives were tried. */
  async pass(ms: number): Promise<number> {
    const before = this.runs;
    for (const end = this.now + ms; this.now < end; ) {
      this.now += 60_000;
      await this.backups.look();
    }
    return this.runs - before;
  }

  concerns(): string[] {
    return backupConcerns(this.backups.status(), this.now);
  }
}

test("the first one comes ten minutes after the start, then as the schedule asks", async () => {
  const host = new Host();
  expect(await host.pass(9 * 60_000)).toBe(0);
  expect(await host.pass(2 * 60_000)).toBe(1);
  for (let day = 0; day < 5; day += 1) {
    expect(await host.pass(DAY)).toBe(0);
    expect(host.backups.begin()).toBe(true);
    await host.backups.look();
  }
  expect(host.runs).toBe(6);
  expect(host.concerns()).toEqual([]);
});

test("without a schedule, as when bot or Redis are lost, one comes after 1.5 times", async () => {
  const host = new Host();
  await host.pass(HOUR);
  expect(await host.pass(34 * HOUR)).toBe(0);
  expect(await host.pass(2 * HOUR)).toBe(1);
  expect(await host.pass(9 * DAY)).toBe(6);
  expect(host.concerns()).toEqual([]);
});

test("a folder that a supervisor looks after is left to it", async () => {
  const host = new Host();
  host.isOurs = false;
  expect(host.backups.begin()).toBe(false);
  expect(await host.pass(3 * DAY)).toBe(0);
});

test("one at a time: a schedule that asks meanwhile gets no second one", async () => {
  const host = new Host();
  expect(host.backups.begin()).toBe(true);
  expect(host.backups.begin()).toBe(false);
  await host.backups.look();
  expect(host.runs).toBe(1);
});

test("one that was made by hand or before a restart counts", async () => {
  const host = new Host();
  host.note = { tried: { at: host.now, problem: null }, good: { ...GOOD, at: host.now } };
  expect(await host.pass(35 * HOUR)).toBe(0);
  expect(await host.pass(2 * HOUR)).toBe(1);
});

test("a failed one is tried each hour, and told until one is good", async () => {
  const host = new Host();
  host.result = "failed";
  expect(await host.pass(5 * HOUR)).toBe(5);
  expect(host.concerns()).toEqual(["failed"]);
  expect(host.backups.problems()).toEqual(["last backup: The disk is full."]);
  await host.pass(2 * DAY);
  expect(host.concerns()).toEqual(["failed", "too-old"]);
  host.result = "good";
  await host.pass(2 * HOUR);
  expect(host.concerns()).toEqual([]);
  expect(host.backups.problems()).toEqual([]);
});

test("one that could not be sent away is not made again each hour: old ones would go", async () => {
  const host = new Host();
  host.result = "not-sent";
  expect(await host.pass(23 * HOUR)).toBe(1);
  expect(host.concerns()).toEqual(["not-sent"]);
});

test("none was made after one that could not be sent away: it failed", async () => {
  const host = new Host();
  host.result = "not-sent";
  await host.pass(HOUR);
  host.result = "failed";
  await host.pass(1.5 * DAY);
  expect(host.concerns()).toEqual(["failed"]);
});

test("one that ends without a result is told, too", async () => {
  const host = new Host();
  host.result = null;
  await host.pass(HOUR);
  expect(host.backups.status().problem?.code).toBe("backup-silent");
  host.result = "good";
  await host.pass(2 * HOUR);
  expect(host.concerns()).toEqual([]);
});

test("one by hand ends the trouble of one without a result, as its words promise", async () => {
  const host = new Host();
  host.note = { tried: { at: 1, problem: null }, good: null };
  host.result = null;
  await host.pass(HOUR);
  expect(host.backups.status().problem?.code).toBe("backup-silent");
  host.note = { tried: { at: host.now, problem: null }, good: { ...GOOD, at: host.now } };
  expect(host.concerns()).toEqual([]);
  expect(host.backups.problems()).toEqual([]);
});

test("a clock that was a year ahead does not stop them for a year", async () => {
  const host = new Host();
  host.note = {
    tried: { at: host.now, problem: null },
    good: { ...GOOD, at: host.now + 365 * DAY },
  };
  expect(await host.pass(HOUR)).toBe(1);
});

test("0 = never by itself, and then none is too old", async () => {
  const host = new Host(null);
  expect(await host.pass(3 * DAY)).toBe(0);
  expect(host.concerns()).toEqual([]);
});

test("on the disk of the fleet it is a concern, unless it was sent away", () => {
  const good = { ...GOOD, at: 0, isSameDisk: true };
  const status = { everyMs: DAY, since: 0, triedAt: 0, problem: null, good };
  expect(backupConcerns(status, 1)).toEqual(["same-disk"]);
  expect(backupConcerns({ ...status, good: { ...good, isSentAway: true } }, 1)).toEqual([]);
  expect(backupConcerns({ ...status, good: { ...good, damaged: 1 } }, 1)).toContain("damaged");
});

test("what it says fits the contract and names no path", async () => {
  const host = new Host();
  await host.pass(HOUR);
  expect(HostBackup.parse(host.backups.status())).toEqual(host.backups.status());
  expect(JSON.stringify(host.backups.status())).not.toContain("somewhere");
});
