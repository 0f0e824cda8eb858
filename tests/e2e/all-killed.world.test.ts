/** Texts of the chat after the supervisor, or every process, was killed (field faults K3, K4). */
import { childWith, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleetIn } from "./support/fleet.ts";

const PROCESSES = ["supervisor/src/main.ts", "bot/src/main.ts"];

test("a killed supervisor is an alert within ten seconds, which ends when the workers are back", async () => {
  const fleet = await startFleetIn(await testDir("fleet-"));
  const chat = new AdminChat(fleet);
  await chat.start();
  await chat.shows(/2 workers[\s\S]*healthy/);
  const pid = await waitFor(() => childWith(fleet.process.pid, "supervisor/src/main.ts"), {
    what: "the supervisor",
  });
  process.kill(pid, "SIGKILL");
  const killedAt = performance.now();
  const alert = await chat.shows(/its supervisor ended; all its workers are off Telegram/);
  expect(performance.now() - killedAt).toBeLessThan(10_000);
  expect(alert.text).toContain("supervisor ended (SIGKILL)");
  await chat.shows(/✅ host-a #A\d+ resolved after/);
});

test("after a kill of every process and a new start a notice names the time span and the workers", async () => {
  const dir = await testDir("fleet-");
  const before = await startFleetIn(dir);
  const chat = new AdminChat(before);
  await chat.start();
  await chat.shows(/2 workers[\s\S]*healthy/);
  // The charts recorded the workers once: they are known to run.
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.shows(/demo_1[\s\S]*Status: healthy/);
  const pids = await Promise.all(
    PROCESSES.map((name) => waitFor(() => childWith(before.process.pid, name))),
  );
  for (const pid of [before.process.pid, ...pids]) process.kill(pid, "SIGKILL");
  await before.process.exited;
  const after = await startFleetIn(dir);
  const again = new AdminChat(after);
  await again.start();
  const notice = await again.shows(/Flotilla was not running from/);
  expect(notice.text).toMatch(/No admin had stopped it[\s\S]*demo_1/);
});
