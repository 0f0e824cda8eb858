/** 🔄 Rolling restart with the real processes: nothing is lost and each press is answered once. */
import { execFileSync } from "node:child_process";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf, childWith, spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { type Launch, startFleetIn, type TestFleet } from "./support/fleet.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const AUTHOR = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];

/** A checkout with a history of its own, so that a commit makes its code newer than what runs. */
async function checkout(): Promise<{ readonly launch: Launch; readonly commit: () => string }> {
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
  return { launch, commit };
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

/** Opens the question, and begins. */
async function begin(chat: AdminChat): Promise<void> {
  await chat.start();
  await chat.shows(/2 workers[\s\S]*healthy/);
  await chat.press("Health");
  await chat.press("Rolling restart");
}

test("code that is newer on disk comes to run in every process, each press meanwhile is answered once, and the card is completed by the next bot", async () => {
  const { launch, commit } = await checkout();
  const fleet = await startFleetIn(await testDir("fleet-"), {}, launch);
  const chat = new AdminChat(fleet);
  const newest = commit();
  await begin(chat);
  await waitFor(async () => {
    const asked = await chat.shows(/Rolling restart/);
    if (asked.text.includes(`its disk has 0.1.0 ${newest}`)) return true;
    // The host tells of its disk every ten seconds.
    await chat.press("Refresh").catch(() => chat.press("Cancel"));
    await chat.press("Rolling restart");
    return false;
  });
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
