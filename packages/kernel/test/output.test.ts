import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, createReadStream, openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

test(
  "lines that were lost while one was half written are told of behind it, with no empty line " +
    "between",
  async () => {
    // Node's "pipe" is a socket.
    const pipe = join(await testDir(), "pipe");
    execFileSync("mkfifo", [pipe]);
    const stdout = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const path = join(import.meta.dirname, "fixtures/long-lines.ts");
    const child = spawn(process.execPath, [path], { stdio: ["ignore", stdout, "inherit", "ipc"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child, "message");
    const reader = createReadStream(pipe);
    await once(reader, "open");
    closeSync(stdout);
    child.send("end");
    const lines = (await text(reader)).split("\n");
    expect(lines.pop()).toBe("");
    expect(lines.filter((line) => line === "")).toEqual([]);
    const lost = lines.findIndex((line) => line.endsWith("lines were not written"));
    expect(lines[lost - 1]).toHaveLength(9000);
    expect(
      lines.filter((line) => line.length === 9000).length + Number.parseInt(lines[lost] ?? "", 10),
    ).toBe(100);
  },
);
