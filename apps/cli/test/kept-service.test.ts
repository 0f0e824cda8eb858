import { join } from "node:path";
import { DEFAULT_RESTART_RULES } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { isAlive, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { KeptService } from "../src/kept-service.ts";
import { startService } from "../src/service-process.ts";

const RULES = { ...DEFAULT_RESTART_RULES, crashDelayMs: 1, jitter: 0 };

test(
  "a service that keeps dying is never given up: beyond five exits it restarts once a " +
    "minute, and the text says what that means",
  async () => {
    const logDir = await testDir("kept-");
    const file = join(import.meta.dirname, "fixtures/service.ts");
    const told: string[] = [];
    const down: (string | null)[] = [];
    let starts = 0;
    const kept = await KeptService.start({
      start: () => {
        starts += 1;
        return startService({ name: "bot", file, env: {}, logDir });
      },
      tell: (line) => told.push(line),
      meanwhile: "its workers are off Telegram.",
      onDown: (how) => down.push(how),
      rules: RULES,
    });
    for (let n = 1; n <= 6; n++) {
      await waitFor(() => starts === n && isAlive(kept.current.pid));
      kept.current.kill();
      await waitFor(() => told.length === n);
    }
    expect(told.slice(0, 5)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `The bot ended (SIGKILL). Starting it again (${n}/5).`),
    );
    expect(told[5]).toBe(
      "The bot ended (SIGKILL), again and again. Trying once a minute; its workers are off Telegram.",
    );
    expect(down).toEqual(["bot ended (SIGKILL)"]);
    await kept.stop(1000);
    expect(starts).toBe(6);
  },
);

test("a failed start is reported with its own message", async () => {
  const logDir = await testDir("kept-");
  const file = join(import.meta.dirname, "fixtures/service.ts");
  const told: string[] = [];
  let starts = 0;
  const kept = await KeptService.start({
    start: () => {
      starts += 1;
      if (starts === 1) return startService({ name: "bot", file, env: {}, logDir });
      throw new AppError(
        "start-failed",
        "The bot ended (exit code 1) before it was ready. See bot.log.",
      );
    },
    tell: (line) => told.push(line),
    meanwhile: "the chat does not answer.",
    rules: { ...RULES, crashLimit: 2 },
  });
  kept.current.kill();
  await waitFor(() => told.length === 3);
  await kept.stop(1000);
  const failed = "The bot ended (exit code 1) before it was ready. See bot.log.";
  expect(told.slice(1)).toEqual([
    `${failed} Starting it again (2/2).`,
    `${failed} It fails again and again. Trying once a minute; the chat does not answer.`,
  ]);
});

test("a service that asks for it is started again at once, which counts as no failure", async () => {
  const logDir = await testDir("kept-");
  const file = join(import.meta.dirname, "fixtures/service.ts");
  const [told, missed]: [string[], string[]] = [[], []];
  let starts = 0;
  const kept = await KeptService.start({
    start: () => {
      starts += 1;
      return startService({ name: "bot", file, env: {}, logDir });
    },
    tell: (line) => told.push(line),
    meanwhile: "the chat does not answer.",
    onMissed: (how) => missed.push(how),
    // A crash would wait for longer than this test.
    rules: { ...RULES, crashDelayMs: 600_000 },
  });
  for (let n = 1; n <= 6; n++) {
    await waitFor(() => starts === n && isAlive(kept.current.pid));
    process.kill(kept.current.pid, "SIGUSR2");
    await waitFor(() => told.length === n);
  }
  await waitFor(() => starts === 7 && isAlive(kept.current.pid));
  await kept.stop(1000);
  expect(told).toEqual(told.map(() => "The bot asked to be started again."));
  expect(missed).toEqual([]);
});
