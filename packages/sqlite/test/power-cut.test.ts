import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { checkDatabase, openDatabase } from "@flotilla/sqlite";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

const WRITER = new URL("fixtures/writer.ts", import.meta.url).pathname;
const ROW = ["CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"];
const CUTS = 5;

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** Mounts a file system of its own from an image; false where that is not permitted. */
function mounted(image: string, at: string): boolean {
  mkdirSync(at);
  try {
    run("mount", ["-o", "loop", image, at]);
  } catch {
    return false;
  }
  onTestFinished(() => run("umount", ["-l", at]));
  return true;
}

/** An ext4 disk in a file, mounted; null with the way to skip where that is not permitted. */
async function disk(): Promise<{ image: string; at: string; dir: string } | null> {
  const dir = await testDir("power-");
  const image = join(dir, "disk.img");
  try {
    run("truncate", ["-s", "24M", image]);
    run("mkfs.ext4", ["-q", "-F", image]);
  } catch {
    return null;
  }
  const at = join(dir, "disk");
  return mounted(image, at) ? { image, at, dir } : null;
}

/** How many acknowledged rows are lost when the power goes in the middle of commits: what the disk itself has is all there is. */
async function lostByCut(place: { image: string; at: string; dir: string }, mode: string, cut: number): Promise<number> {
  const name = `${mode}-${cut}.db`;
  const writer = spawnNode(WRITER, [join(place.at, name), mode]);
  const acknowledged = (): number => writer.stdout.split("\n").length - 1;
  await waitFor(() => acknowledged() >= 20 + cut * 7, { what: "commits" });
  writer.kill("SIGSTOP");
  const promised = acknowledged();
  const image = join(place.dir, `${mode}-${cut}.img`);
  copyFileSync(place.image, image);
  writer.kill("SIGKILL");
  await writer.exited;
  const after = join(place.dir, `${mode}-${cut}`);
  expect(mounted(image, after)).toBe(true);
  using db = openDatabase({ path: join(after, name), role: "session", migrations: ROW, exclusive: true });
  expect(checkDatabase(db).verdict).toBe("ok");
  return promised - (db.readOne<{ rows: number }>("SELECT count(*) AS rows FROM t")?.rows ?? 0);
}

test("the power goes in the middle of commits: nothing that was acknowledged is lost, and the check sees what would be", {
  timeout: 120_000,
}, async ({ skip }) => {
  const place = await disk();
  if (place === null) return skip("mounting an ext4 image is not permitted here");
  const lost: Record<string, number[]> = { FULL: [], NORMAL: [] };
  for (let cut = 0; cut < CUTS; cut++)
    for (const mode of ["FULL", "NORMAL"]) lost[mode]?.push(await lostByCut(place, mode, cut));
  expect(Math.max(...(lost["FULL"] ?? [])), JSON.stringify(lost)).toBeLessThanOrEqual(0);
  expect(Math.max(...(lost["NORMAL"] ?? [])), JSON.stringify(lost)).toBeGreaterThan(0);
});
