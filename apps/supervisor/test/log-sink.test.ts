import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openSession } from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { LogSink } from "../src/worker/log-sink.ts";
import { FLEET_KEY } from "./host.ts";

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

const LINE = `${"x".repeat(1000)}\n`;
/** More than 5 MB: the log rotates. */
const MANY = LINE.repeat(5400);

/** A new log in a new folder. */
async function sinkIn(): Promise<{ sink: LogSink; path: string; dir: string }> {
  const dir = await testDir("sink-");
  const path = join(dir, "logs", "alpha.log");
  const sink = new LogSink(path);
  onTestFinished(() => sink.close());
  return { sink, path, dir };
}

/** Files that may get the descriptor number of the closed log. */
const OTHERS = [
  {
    what: "host.db",
    open: (dir: string) =>
      openDatabase({
        path: join(dir, "host.db"),
        role: "host",
        migrations: ["CREATE TABLE t (n INTEGER) STRICT"],
        exclusive: true,
      }),
  },
  {
    what: "a session",
    open: (dir: string) =>
      openSession({ dir: join(dir, "sessions"), name: "alpha", fleetKey: FLEET_KEY }),
  },
];

/** The descriptors that this process has open. */
const descriptors = (): Set<string> => new Set(readdirSync("/proc/self/fd"));

/** Opens a database; one of its files gets a number that was free and in `before`. */
function openAtSameNumber(
  open: () => { close: () => void },
  before: ReadonlySet<string>,
): { close: () => void } {
  const free = [...before].filter((number) => !descriptors().has(number));
  const opened = open();
  const now = descriptors();
  if (free.length > 0) expect(free.some((number) => now.has(number))).toBe(true);
  return opened;
}

test.for(OTHERS)(
  "a line after close is written nowhere, not into $what, which reuses the descriptor number",
  async ({ open }) => {
    const { sink, path, dir } = await sinkIn();
    sink.append("the first\nand a part");
    open(dir).close();
    const before = descriptors();
    sink.close();
    const other = openAtSameNumber(() => open(dir), before);
    sink.append(" of a line\n");
    sink.append(LINE);
    sink.close();
    expect(holdsLine(dir)).toBe(false);
    other.close();
    // Throws when the database is damaged.
    open(dir).close();
    expect(readFileSync(path, "utf8")).toBe("the first\nand a part\n");
  },
);

test.for(OTHERS)(
  "a log that finds no inode at rotation writes nothing into $what, which may reuse the descriptor number",
  async ({ open }, { skip }) => {
    const dir = await testDir("sink-");
    const disk = join(dir, "disk");
    mkdirSync(disk);
    try {
      run("mount", ["-t", "tmpfs", "-o", "size=32m,nr_inodes=3", "tmpfs", disk]);
    } catch {
      return skip("mounting a tmpfs is not permitted here");
    }
    onTestFinished(() => void run("umount", ["-l", disk]));
    const sink = new LogSink(join(disk, "alpha.log"));
    onTestFinished(() => sink.close());
    writeFileSync(join(disk, "filler"), "");
    open(dir).close();
    const before = descriptors();
    sink.append(MANY);
    const other = openAtSameNumber(() => open(dir), before);
    sink.append(LINE.repeat(100));
    sink.append("the last one\n");
    expect(holdsLine(dir)).toBe(false);
    other.close();
    open(dir).close();
    expect(sink.tail(1)).toEqual(["the last one"]);
    rmSync(join(disk, "filler"));
    sink.append("lost\nin a new file\n");
    expect(readFileSync(join(disk, "alpha.log"), "utf8")).toBe("in a new file\n");
  },
);

/** Whether a database file in this folder contains a line of the log. */
function holdsLine(dir: string): boolean {
  const entries = readdirSync(dir, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && /\.(db|session)/.test(entry.name));
  // Read by another process: a descriptor that is closed here would drop the locks of the database.
  const count = ({ parentPath, name }: (typeof files)[number]): string =>
    spawnSync("grep", ["-c", "-a", "xxxxxxxx\\|of a line", join(parentPath, name)])
      .stdout.toString()
      .trim();
  return files.some((file) => count(file) !== "0");
}

test("a log that cannot create a new file keeps writing the old one and rotates when it can", async () => {
  const { sink, path } = await sinkIn();
  sink.append(LINE);
  renameSync(path, `${path}.1`);
  mkdirSync(path);
  sink.append(MANY);
  rmSync(path, { recursive: true, force: true });
  rmSync(`${path}.1`, { recursive: true, force: true });
  sink.append("into the old one\n");
  sink.append("into the new one\n");
  expect(readFileSync(path, "utf8")).toBe("into the new one\n");
});

test(
  "without a folder nothing is written; the first line after it exists says how many lines " +
    "are missing",
  async () => {
    const dir = await testDir("sink-");
    writeFileSync(join(dir, "logs"), "");
    const path = join(dir, "logs", "alpha.log");
    const sink = new LogSink(path);
    onTestFinished(() => sink.close());
    sink.append("one\ntwo\n");
    rmSync(join(dir, "logs"));
    sink.append("three\n");
    expect(readFileSync(path, "utf8")).toBe("2 lines were not written\nthree\n");
  },
);

test("on a full disk a line is cut, and a separate line says how many are missing", async ({
  skip,
}) => {
  const dir = join(await testDir("sink-"), "disk");
  mkdirSync(dir);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", dir]);
  } catch {
    return skip("mounting a tmpfs is not permitted here");
  }
  onTestFinished(() => void run("umount", ["-l", dir]));
  writeFileSync(`${dir}/filler`, Buffer.alloc(32 * 1024));
  const path = join(dir, "alpha.log");
  const sink = new LogSink(path);
  onTestFinished(() => sink.close());
  sink.append(LINE.repeat(100));
  rmSync(`${dir}/filler`);
  sink.append("the last one\n");
  const lines = readFileSync(path, "utf8").trimEnd().split("\n");
  expect(lines.at(-1)).toBe("the last one");
  expect(lines.at(-2)).toMatch(/^\d+ lines were not written$/);
  const whole = lines.filter((line) => line.length === 1000).length;
  expect(whole + Number.parseInt(lines.at(-2) ?? "", 10)).toBe(100);
});

test.each([10, 20, 30, 45])(
  "a secret that the limit of a line cuts after %i characters is not in the log",
  async (cut) => {
    const { sink, path } = await sinkIn();
    const secret = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
    const after = 64_000 - (secret.length - cut) - 1;
    sink.append(`${"x ".repeat(1000)}${secret} ${"y ".repeat(32_000).slice(0, after)}`);
    sink.append("\n");
    sink.close();
    const log = readFileSync(path, "utf8");
    expect(log.length).toBeGreaterThan(60_000);
    for (let at = 10; at + 8 <= secret.length; at++)
      expect(log).not.toContain(secret.slice(at, at + 8));
  },
);

test("a log has 5 MB and one older generation; the last 200 lines stay in memory", async () => {
  const { sink, path, dir } = await sinkIn();
  const lineOf = (sign: string): string => `${sign.repeat(1023)}\n`;
  const files = (): string[][] =>
    readdirSync(join(dir, "logs"))
      .toSorted()
      .map((name) => {
        const text = readFileSync(join(dir, "logs", name), "utf8");
        return [name, text.charAt(0), `${text.length / 1024} KiB`];
      });
  sink.append(lineOf("x").repeat(5 * 1024));
  expect(files()).toEqual([["alpha.log", "x", "5120 KiB"]]);
  sink.append(lineOf("x"));
  expect(files()).toEqual([
    ["alpha.log", "", "0 KiB"],
    ["alpha.log.1", "x", "5121 KiB"],
  ]);
  sink.append(lineOf("z").repeat(5 * 1024 + 1));
  expect(files()).toEqual([
    ["alpha.log", "", "0 KiB"],
    ["alpha.log.1", "z", "5121 KiB"],
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  sink.append(Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join(""));
  expect([sink.tail(1000).length, sink.tail(1000)[0]]).toEqual([200, "line 100"]);
});
