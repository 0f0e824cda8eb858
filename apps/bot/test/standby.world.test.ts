import { startRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { BotWorld, LEASE_MS } from "./bot-world.ts";

async function world(): Promise<BotWorld> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  return await BotWorld.start(redis.url);
}

test("of two bots with one token the second waits, and the chat is told once of it and of its end", async () => {
  const it = await world();
  const first = await it.bot("host-a", await testDir());
  await it.says(first, /^ok/);
  const second = await it.bot("host-b", await testDir());
  expect(await it.says(second, /^standby/)).toMatch(
    /^standby; active is host-a, since 20.*no control\.db: host-a has been the bot since .*--take-over/,
  );
  await waitFor(async () => (await it.told(/waits on host-b/)).length === 1, {
    what: "the notice",
  });
  for (let n = 0; n < 5; n += 1) await it.ask("/help", /\/workers/);
  const refused = (await it.chat.calls()).filter(({ status }) => status === 409);
  expect(refused, "the second one never polled").toEqual([]);
  second.process.kill("SIGTERM");
  expect((await second.process.exited).code).toBe(0);
  await waitFor(async () => (await it.told(/host-b is gone/)).length === 1, { what: "its end" });
  expect(await it.told(/waits on host-b/)).toHaveLength(1);
});

test(
  "a standby with the same data folder takes over when the active bot is killed, and answers " +
    "what was said meanwhile, once",
  async () => {
    const it = await world();
    const folder = await testDir();
    const first = await it.bot("host-a", folder);
    await it.says(first, /^ok/);
    const others = [await it.bot("host-b", folder), await it.bot("host-c", folder)];
    for (const each of others) await it.says(each, /^standby; active is host-a.*this data folder/);
    first.process.kill("SIGKILL");
    await first.process.exited;
    const { ms } = await it.ask("/help", /\/workers/, LEASE_MS + 10_000);
    expect(ms, "lease + 5 s").toBeLessThan(LEASE_MS + 5000);
    const states = await Promise.all(others.map((each) => each.health()));
    expect(states.filter((text) => text.startsWith("standby"))).toHaveLength(1);
    await it.ask("/help", /\/workers/);
    expect(await it.told(/\/workers/), "each answered once").toHaveLength(2);
    expect((await it.chat.calls()).filter(({ status }) => status === 409)).toEqual([]);
  },
);

test("a Redis that forgets everything makes no second bot: the active one stays, the standby waits", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const it = await BotWorld.start(redis.url);
  const first = await it.bot("host-a", await testDir());
  await it.says(first, /^ok/);
  const second = await it.bot("host-b", await testDir());
  await it.says(second, /^standby; active is host-a/);
  await redis.command("FLUSHALL");
  await waitFor(async () => ((await redis.command("KEYS", "*bot-last")) as string[]).length === 1, {
    timeoutMs: 30_000,
    what: "the record of the active bot",
  });
  await it.ask("/help", /\/workers/);
  expect(await it.says(second, /^standby; active is host-a/)).toMatch(/standby/);
  expect(first.process.stdout).not.toMatch(/another bot of this fleet took over/);
});

test("a standby with a folder of its own stays one when bot and Redis are lost together", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const it = await BotWorld.start(redis.url);
  const first = await it.bot("host-a", await testDir());
  await it.says(first, /^ok/);
  const second = await it.bot("host-b", await testDir());
  await it.says(second, /^standby; active is host-a/);
  first.process.kill("SIGKILL");
  await first.process.exited;
  await redis.command("FLUSHALL");
  await it.says(second, /^standby; no bot is active.*bot --take-over/);
});

test(
  "with HOSTS=several a bot that cannot renew its lease says so, polls nothing, and answers what was said " +
    "when Redis is back",
  async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const it = await BotWorld.start(redis.url);
    const bot = await it.bot("host-a", await testDir(), { HOSTS: "several" });
    await it.says(bot, /^ok/);
    await it.ask("/help", /\/workers/);
    redis.freeze();
    await waitFor(async () => (await it.told(/cannot renew its lease/)).length === 1, {
      what: "its last words",
    });
    const polls = async (): Promise<number> =>
      (await it.chat.calls()).filter(({ method }) => method === "getUpdates").length;
    const before = await polls();
    await it.chat.post("/chat/text", { user: 777, text: "/help" });
    await it.says(bot, /suspended/);
    expect(await polls()).toBe(before);
    redis.thaw();
    await waitFor(async () => (await it.told(/\/workers/)).length === 2, {
      timeoutMs: 60_000,
      what: "the answer",
    });
  },
);
