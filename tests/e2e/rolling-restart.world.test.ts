/** 🔄 Rolling restart with the real processes: nothing is lost and each press is answered once. */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf, childWith, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { type Launch, startFleetIn, type TestFleet } from "./support/fleet.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  readonly version: string;
};
const AUTHOR = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];

/** A checkout with a history of its own, so that a commit makes its code newer than what runs. */
async function checkout(): Promise<{
  readonly dir: string;
  readonly launch: Launch;
  readonly commit: () => string;
}> {
  const dir = await testDir("checkout-");
  for (const name of ["apps", "package.json", "package-lock.json"])
    cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  for (const name of ["packages", "node_modules"]) symlinkSync(join(ROOT, name), join(dir, name));
  const git = (...args: string[]): string =>
    execFileSync("git", [...AUTHOR, ...args], { cwd: dir, encoding: "utf8" }).trim();
  git("init", "-q");
  const commit = (): string => {
    git("commit", "-q", "--allow-empty", "-m", "newer");
    return git("rev-parse", "HEAD").slice(0, 8);
  };
  commit();
  const launch: Launch = (cwd, env) =>
    spawnNode(join(dir, "apps/cli/src/main.ts"), ["up"], { cwd, env });
  return { dir, launch, commit };
}

/** Opens the question until it names this code: a host tells of its disk every ten seconds. */
async function asksFor(chat: AdminChat, commit: string): Promise<void> {
  await chat.start();
  await chat.shows(/2 workers[\s\S]*healthy/);
  await chat.press("Health");
  await waitFor(async () => {
    await chat.press("Rolling restart");
    const asked = await chat.shows(/The button works until/);
    if (asked.text.includes(`its disk has ${VERSION} ${commit}`)) return true;
    await chat.press("Cancel");
    return false;
  });
}

interface Pids {
  readonly bot: number;
  readonly supervisor: number;
  readonly workers: readonly number[];
}

async function pidsOf(fleet: TestFleet): Promise<Pids> {
  const [bot, supervisor] = await Promise.all(
    ["bot", "supervisor"].map((name) =>
      waitFor(() => childWith(fleet.process.pid, `${name}/src/main.ts`), { what: name }),
    ),
  );
  const workers = childrenOf(supervisor ?? 0).flatMap(({ pid, command }) =>
    command.includes("--worker ") ? [pid] : [],
  );
  return { bot: bot ?? 0, supervisor: supervisor ?? 0, workers };
}

test("newer code runs in every process, each press is answered once, the next bot completes the card", async () => {
  const { launch, commit } = await checkout();
  const fleet = await startFleetIn(await testDir("fleet-"), {}, launch);
  const chat = new AdminChat(fleet);
  const newest = commit();
  await asksFor(chat, newest);
  const before = await pidsOf(fleet);
  await chat.press("Restart all");
  const presses: boolean[] = [];
  const other = new AdminChat(fleet);
  const isOver = async (): Promise<boolean> =>
    (await other.messages()).some(({ text }) => /Run again:|❌/.test(text));
  while (!(await isOver())) presses.push((await other.press("Refresh")).answered);
  const card = await chat.shows(/Run again: all 2 workers, 1 supervisor, the bot\. It took/);
  expect(card.text).toContain("Nothing was lost.");
  expect(card.text).not.toMatch(/❌|⚠️/);
  expect(presses.length).toBeGreaterThan(3);
  expect(presses).toEqual(presses.map(() => true));
  const answers = (
    await fleet.get<{ method: string; params: { callback_query_id?: string }; status: number }[]>(
      "outbox",
    )
  ).filter(({ method, status }) => method === "answerCallbackQuery" && status === 200);
  const ids = answers.map(({ params }) => params.callback_query_id);
  expect(new Set(ids).size, "each once").toBe(ids.length);
  const after = await pidsOf(fleet);
  expect(after.bot).not.toBe(before.bot);
  expect(after.supervisor).not.toBe(before.supervisor);
  expect(after.workers).toHaveLength(2);
  for (const pid of after.workers) expect(before.workers).not.toContain(pid);
  expect(fleet.process.stderr).toContain("The supervisor asked to be started again.");
  expect(fleet.process.stderr).toContain("The bot asked to be started again.");
  expect((await chat.messages()).filter(({ text }) => /alert|did not run/i.test(text))).toEqual([]);
  process.stdout.write(
    `${presses.length} presses during ${/It took (.+)\./.exec(card.text)?.[1]}\n`,
  );
});

test("a bot that is killed in the middle of each step carries it on", async () => {
  const { launch, commit } = await checkout();
  const fleet = await startFleetIn(await testDir("fleet-"), {}, launch);
  const chat = new AdminChat(fleet);
  await asksFor(chat, commit());
  const before = await pidsOf(fleet);
  await chat.press("Restart all");
  for (const step of [/⏳ Trial/, /⏳ host-a: supervisor/, /⏳ The bot|Run again/]) {
    await chat.shows(step);
    const { bot } = await pidsOf(fleet);
    process.kill(bot, "SIGKILL");
  }
  const card = await chat.shows(/Run again: all 2 workers, 1 supervisor, the bot\. It took/);
  expect(card.text).toContain("Nothing was lost.");
  expect((await pidsOf(fleet)).supervisor).not.toBe(before.supervisor);
  expect((await chat.press("Refresh")).answered).toBe(true);
});

test("a supervisor whose newer code does not start is told in red, with what to do", async () => {
  const { dir, launch, commit } = await checkout();
  const fleet = await startFleetIn(await testDir("fleet-"), {}, launch);
  const chat = new AdminChat(fleet);
  await asksFor(chat, commit());
  const { bot } = await pidsOf(fleet);
  writeFileSync(join(dir, "apps/supervisor/src/main.ts"), 'throw new Error("broken");\n');
  await chat.press("Restart all");
  const card = await chat.shows(/The supervisor of host-a did not come back/, 180_000);
  expect(card.text).toMatch(/❌ host-a: supervisor[\s\S]*▫️ The bot/);
  expect(card.text).toContain("its workers are off Telegram. Run there: npm start.");
  expect(await childWith(fleet.process.pid, "bot/src/main.ts")).toBe(bot);
}, 300_000);
