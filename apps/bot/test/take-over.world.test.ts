import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type SpawnedProcess, spawnNode, startRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { BotWorld, LEASE_MS } from "./bot-world.ts";

const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

async function world(): Promise<BotWorld> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return await BotWorld.start(redis.url);
}

async function takeOver(
  it: BotWorld,
  [host, folder]: readonly [string, string],
  more: Record<string, string> = {},
): Promise<{ readonly code: number | null; readonly text: string }> {
  const env = it.env(host, folder, more);
  const call: SpawnedProcess = spawnNode(CLI, ["bot", "--take-over", "--yes"], { env });
  const { code } = await call.exited;
  return { code, text: call.stdout + call.stderr };
}

test(
  "a bot on another host takes over from the copy in Redis; the former one, frozen meanwhile, " +
    "writes nothing more and comes back as a standby",
  async () => {
    const it = await world();
    const [first, second] = [await testDir(), await testDir()];
    const a = await it.bot("host-a", first);
    await it.says(a, /^ok/);
    await it.ask("/note_is_kept", /./);
    const early = await takeOver(it, ["host-b", second]);
    expect(early).toMatchObject({
      code: 1,
      text: expect.stringMatching(/host-a is the active bot/),
    });
    // The first copy is made at the first look; the stop makes the last one.
    a.process.kill("SIGTERM");
    await a.process.exited;
    const again = await it.bot("host-a", first);
    await it.says(again, /^ok/);
    again.process.kill("SIGSTOP");
    const wrong = await takeOver(it, ["host-b", second], { FLEET_KEY: "99".repeat(32) });
    expect(wrong).toMatchObject({ code: 1, text: expect.stringMatching(/FLEET_KEY of id/) });
    const done = await waitFor(
      async () => {
        const tried = await takeOver(it, ["host-b", second]);
        return tried.code === 0 && tried;
      },
      { timeoutMs: LEASE_MS * 10, what: "the take-over" },
    );
    expect(done.text).toMatch(/Put the control\.db of host-a .* into /);
    expect(readdirSync(second)).toContain("control.db");
    const b = await it.bot("host-b", second);
    await it.says(b, /^ok/);
    await waitFor(async () => (await it.told(/runs on host-b now/)).length === 1, {
      what: "the notice of the change",
    });
    const sent = (await it.chat.calls()).length;
    again.process.kill("SIGCONT");
    expect((await again.process.exited).code, "it asks to be started again").not.toBe(0);
    await it.ask("/help", /\/workers/);
    expect((await it.chat.calls()).filter(({ status }) => status === 409)).toEqual([]);
    expect((await it.chat.calls()).length).toBeGreaterThan(sent);
    const back = await it.bot("host-a", first);
    expect(await it.says(back, /^standby/)).toMatch(/active is host-b.*this data folder is older/);
    expect(readdirSync(first), "the old control.db stays").toContain("control.db");
  },
);
