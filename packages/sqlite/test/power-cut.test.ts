import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@flotilla/kernel";
import { checkDatabase, openDatabase } from "@flotilla/sqlite";
import { spawnNode, testDir, waitFor } from "@flotilla/testkit";
import { expect, inject, onTestFinished, test } from "vitest";

const WRITER = fileURLToPath(new URL("fixtures/writer.ts", import.meta.url));
const ROW = ["CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"];
/** Of `npm run faults -- --cuts 50`; 0 = the short version. */
const LONG = inject("powerCuts");
const CUTS = LONG || 5;
const MODES = ["FULL", "NORMAL"] as const;

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** Mounts a file system from an image; null where that is not permitted. Disposing unmounts it. */
function mounted(image: string, at: string): Disposable | null {
  mkdirSync(at);
  try {
    run("mount", ["-o", "loop", image, at]);
  } catch {
    return null;
  }
  return { [Symbol.dispose]: () => run("umount", ["-l", at]) };
}

interface Disk {
  readonly image: string;
  readonly at: string;
  readonly dir: string;
}

/** An ext4 disk in a file, mounted; null where that is not permitted. */
async function disk(): Promise<Disk | null> {
  const dir = await testDir("power-");
  const image = join(dir, "disk.img");
  try {
    run("truncate", ["-s", "24M", image]);
    run("mkfs.ext4", ["-q", "-F", image]);
  } catch {
    return null;
  }
  const at = join(dir, "disk");
  const mount = mounted(image, at);
  if (mount) onTestFinished(() => mount[Symbol.dispose]());
  return mount && { image, at, dir };
}

/** A disk after a cut. */
interface Cut {
  /** Number of acknowledged rows that are missing. */
  readonly lost: number;
  readonly corrupt: boolean;
}

/** Cuts the power during commits: only the bytes on the disk itself survive. */
async function cut(place: Disk, mode: string, n: number): Promise<Cut> {
  const name = `${mode}-${n}.db`;
  const writer = spawnNode(WRITER, [join(place.at, name), mode]);
  const acknowledged = (): number => writer.stdout.split("\n").length - 1;
  await waitFor(() => acknowledged() >= 20 + (n % 10) * 17, { what: "commits" });
  writer.kill("SIGSTOP");
  const promised = acknowledged();
  const image = join(place.dir, `${mode}-${n}.img`);
  copyFileSync(place.image, image);
  writer.kill("SIGKILL");
  await writer.exited;
  for (const end of ["", "-wal"]) rmSync(join(place.at, name + end), { force: true });
  try {
    return inspect(image, name, promised);
  } finally {
    rmSync(image);
  }
}

function inspect(image: string, name: string, promised: number): Cut {
  using after = mounted(image, `${image}.after`);
  expect(after).not.toBeNull();
  try {
    using db = openDatabase({
      path: join(`${image}.after`, name),
      role: "session",
      migrations: ROW,
      exclusive: true,
    });
    const rows = db.readOne<{ rows: number }>("SELECT count(*) AS rows FROM t")?.rows ?? 0;
    return { lost: Math.max(0, promised - rows), corrupt: checkDatabase(db).verdict !== "ok" };
  } catch (error) {
    // A file that never reached the disk is a loss; any other error is damage.
    if (error instanceof AppError && /-(missing|empty)$/.test(error.code))
      return { lost: promised, corrupt: false };
    return { lost: promised, corrupt: true };
  }
}

test("the power goes in the middle of commits: nothing that was acknowledged is lost, and the " +
  "check sees what would be", {
  timeout: 60_000 + CUTS * 60_000,
}, async ({ skip }) => {
  const place = await disk();
  if (place === null) return skip("mounting an ext4 image is not permitted here");
  const cuts: Record<(typeof MODES)[number], Cut[]> = { FULL: [], NORMAL: [] };
  for (let n = 0; n < CUTS; n++)
    for (const mode of MODES) cuts[mode].push(await cut(place, mode, n));
  const summary = MODES.map((mode) => {
    const lost = cuts[mode].map((each) => each.lost);
    const runs = lost.filter((rows) => rows > 0).length;
    const corrupt = cuts[mode].filter((each) => each.corrupt).length;
    return (
      `${mode}: ${CUTS} cuts, ${runs} lost acknowledged rows (most: ${Math.max(...lost)}), ` +
      `${corrupt} corrupt`
    );
  }).join("\n");
  if (LONG > 0) process.stdout.write(`${summary}\n`);
  expect(
    cuts.FULL.filter(({ lost, corrupt }) => lost > 0 || corrupt),
    summary,
  ).toEqual([]);
  expect(
    cuts.NORMAL.some(({ lost }) => lost > 0),
    summary,
  ).toBe(true);
  expect(
    cuts.NORMAL.some(({ corrupt }) => corrupt),
    summary,
  ).toBe(false);
});
