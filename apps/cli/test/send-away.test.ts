import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { isNewer } from "../src/fleet-archive/own-version.ts";
import { sendAway } from "../src/fleet-archive/send-away.ts";

async function failureOf(command: string, more: object = {}): Promise<string> {
  try {
    await sendAway({ command, path: "/a b/c.flotilla", env: {}, ...more });
  } catch (error) {
    if (error instanceof AppError && error.code === "backup-command") return error.message;
    throw error;
  }
  throw new Error("it did not fail");
}

test("a command that hangs is ended with all that it started", async () => {
  const dir = await testDir();
  const pids = join(dir, "pids");
  // The inner one ignores SIGTERM.
  const inner = `sh -c 'trap "" TERM; echo $$ >> ${pids}; while :; do sleep 1; done'`;
  const failing = failureOf(`echo $$ >> ${pids}; ${inner} & wait; true`, { limitMs: 1500 });
  const started = (): string[] =>
    existsSync(pids) ? readFileSync(pids, "utf8").trim().split("\n") : [];
  await waitFor(() => started().length === 2, { what: "both processes" });
  expect(await failing).toContain("did not end within 2 s");
  await waitFor(() => started().every((pid) => !isAlive(Number(pid))), { what: "their end" });
});

test("what it prints is shown by its last line, short and without secrets", async () => {
  const env = { BACKUP_COMMAND: "x", ALERT_WEBHOOK_URL: "https://hooks.test/abc" };
  const text = await failureOf(
    "sh -c 'echo first; echo pass=hunter2 https://u:pw@h https://hooks.test/abc; exit 3'",
    { env },
  );
  expect(text).toContain("it ended with code 3");
  expect(text).not.toMatch(/first|hunter2|:pw@|hooks\.test/);
  const long = await failureOf(`sh -c 'head -c 100000 /dev/zero | tr "\\0" "a"; exit 3'`);
  expect(long.length).toBeLessThan(600);
});

test("a command that is not there, or ends by a signal", async () => {
  expect(await failureOf("/no/such/program")).toContain("code 127");
  expect(await failureOf("kill -9 $$; true")).toContain("SIGKILL");
});

test("versions are compared by their numbers", () => {
  expect(isNewer("0.10.0", "0.9.9")).toBe(true);
  expect(isNewer("1.0.0", "1.0.0")).toBe(false);
  expect(isNewer("0.9.9", "0.10.0")).toBe(false);
  expect(isNewer("2.0.0-beta.1", "1.9.0")).toBe(true);
});
