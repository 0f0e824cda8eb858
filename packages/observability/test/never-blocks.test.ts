import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { boundToParent } from "@flotilla/os";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

const CHATTY = join(import.meta.dirname, "fixtures/chatty.ts");

interface Chatty {
  readonly child: ChildProcess;
  turns: number;
  rss: number;
  readonly exited: Promise<number | string | null>;
}

/** A process that logs in a loop; `stdio` are its stdout and stderr. */
function chatty(stdout: number | "pipe"): Chatty {
  const bound = boundToParent(process.execPath, [CHATTY], "KILL");
  const child = spawn(bound.command, bound.args, { stdio: ["ignore", stdout, stdout, "ipc"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const { promise, resolve } = Promise.withResolvers<number | string | null>();
  child.once("exit", (code, signal) => resolve(signal ?? code));
  const it: Chatty = { child, turns: 0, rss: 0, exited: promise };
  child.on("message", (message) => Object.assign(it, message));
  return it;
}

const turns = (it: Chatty, more: number): Promise<unknown> => {
  const from = it.turns;
  return waitFor(() => it.turns >= from + more, { what: "its event loop to turn" });
};

const end = async (it: Chatty): Promise<void> => {
  it.child.send("end");
  expect(await it.exited).toBe(0);
};

/** Number of missing lines. The stream must report each gap in its place and with its number. */
function missing(lines: readonly string[]): number {
  let next = 0;
  let told = 0;
  for (const line of lines) {
    const { number, lost } = JSON.parse(line) as { number?: number; lost?: number };
    told += lost ?? 0;
    if (number === undefined) continue;
    next += told;
    expect(number).toBe(next);
    next += 1;
    told = 0;
  }
  return lines.reduce((sum, line) => sum + ((JSON.parse(line) as { lost?: number }).lost ?? 0), 0);
}

/** A full file system of 1 MB; null where mounting is not permitted. */
async function fullDisk(): Promise<{ at: string; makeRoom: () => void } | null> {
  const at = join(await testDir("log-disk-"), "disk");
  mkdirSync(at);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", at]);
  } catch {
    return null;
  }
  onTestFinished(() => void run("umount", ["-l", at]));
  expect(() => writeFileSync(`${at}/filler`, Buffer.alloc(2 ** 21))).toThrow("ENOSPC");
  return { at, makeRoom: () => rmSync(`${at}/filler`) };
}

test(
  "a process whose log is on a full disk runs on with bounded memory; with room again, the " +
    "log reports the missing lines",
  async ({ skip }) => {
    const disk = await fullDisk();
    if (disk === null) return skip("mounting a tmpfs is not permitted here");
    // Leaves room in the first page, so that a line is cut in the middle.
    truncateSync(`${disk.at}/filler`, 2 ** 20 - 4096);
    const path = `${disk.at}/log`;
    const log = openSync(path, "a");
    const it = chatty(log);
    closeSync(log);
    await turns(it, 50);
    const before = it.rss;
    await turns(it, 200);
    expect(it.rss - before).toBeLessThan(64 * 2 ** 20);
    const written = statSync(path).size;
    disk.makeRoom();
    await waitFor(() => statSync(path).size > written, { what: "the log to go on" });
    await end(it);
    const lines = readFileSync(path, "utf8").trim().split("\n");
    const notice = lines.find((line) => line.includes("were not written")) ?? "";
    expect(JSON.parse(notice)).toMatchObject({
      level: "warn",
      worker: "news_1",
      msg: expect.stringMatching(/^⚠️ \d{4,} lines were not written$/),
    });
    expect(missing(lines.filter((line) => line.endsWith("}")))).toBeGreaterThan(1000);
    // The disk's end cuts one line; the next line starts on its own.
    expect(lines.filter((line) => !line.endsWith("}"))).toHaveLength(1);
  },
);

test(
  "a pipe without a reader costs neither time nor memory; a reader that reads on gets whole " +
    "lines, and the number of those that are missing",
  async () => {
    const it = chatty("pipe");
    await turns(it, 100);
    const before = it.rss;
    await turns(it, 200);
    expect(it.rss - before).toBeLessThan(64 * 2 ** 20);
    let text = "";
    it.child.stdout?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    await waitFor(() => text.includes("were not written"), {
      what: "the lost lines to be told of",
    });
    await end(it);
    expect(missing(text.trim().split("\n"))).toBeGreaterThan(100);
  },
);

test("a real pipe, as a shell makes it, may be full: npm start | sleep", async () => {
  const dir = await testDir("fifo-");
  run("mkfifo", [join(dir, "pipe")]);
  // Opened for reading and writing, so that it has a reader, which never reads.
  const pipe = openSync(join(dir, "pipe"), "r+");
  onTestFinished(() => closeSync(pipe));
  const it = chatty(pipe);
  await turns(it, 300);
  await end(it);
});

test("a pipe whose reader has gone ends no process", async () => {
  const it = chatty("pipe");
  it.child.stdout?.destroy();
  it.child.stderr?.destroy();
  await turns(it, 100);
  await end(it);
});

test("a device that is always full, and standard streams that are closed, end no process", async () => {
  const full = openSync("/dev/full", "w");
  const it = chatty(full);
  closeSync(full);
  await turns(it, 100);
  await end(it);
  const bound = boundToParent(process.execPath, [CHATTY], "KILL");
  const line = `exec "$0" "$@" >&- 2>&-`;
  const closed = spawn("/bin/sh", ["-c", line, bound.command, ...bound.args], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  onTestFinished(() => void closed.kill("SIGKILL"));
  let rounds = 0;
  closed.on("message", () => {
    rounds += 1;
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  closed.once("exit", resolve);
  await waitFor(() => rounds > 50, { what: "its event loop to turn" });
  closed.send("end");
  expect(await promise).toBe(0);
});

test("a terminal that was stopped with Ctrl+S holds no process up", async () => {
  const it = spawn(
    "python3",
    [join(import.meta.dirname, "fixtures/stopped-terminal.py"), process.execPath, CHATTY],
    {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    },
  );
  onTestFinished(() => void it.kill("SIGKILL"));
  let rounds = 0;
  it.on("message", () => {
    rounds += 1;
  });
  await waitFor(() => rounds > 300, { what: "its event loop to turn" });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  it.once("exit", resolve);
  it.send("end");
  expect(await promise).toBe(0);
});
