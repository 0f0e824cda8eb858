import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { makeArchive, restoreArchive } from "@flotilla/archive";
import { systemClock } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import type { Bench, BenchOptions, Measured } from "../lib/bench.ts";
import { median, quantile, rounded } from "../lib/stats.ts";

const FLEET_KEY = Buffer.alloc(32, 7);
/** Users and chats that a session knows: about 1 MiB. */
const ENTITIES = 5000;
const PEER = "tar czf";
const MIB = 1024 * 1024;

const bench: Bench = {
  summary: "an archive of 20 and of 200 workers: made, restored, its size; beside tar czf",
  async run(options) {
    const found: Measured[] = [];
    for (const workers of options.quick ? [2] : [20, 200])
      found.push(...(await measure(workers, options)));
    return found;
  },
};
export default bench;

async function measure(workers: number, { dir, quick }: BenchOptions): Promise<Measured[]> {
  const dataDir = join(dir, `data-${workers}`);
  makeSessions(dataDir, workers);
  const times = { make: [] as number[], restore: [] as number[], tar: [] as number[] };
  let bytes = 0;
  for (let n = 0; n < (quick ? 1 : 5); n += 1) {
    times.tar.push(await timed(() => tar(dataDir, join(dir, "peer.tgz"))));
    const made = await makeArchive({
      dataDir,
      folder: join(dir, "archives"),
      fleetKey: FLEET_KEY,
      host: "host-a",
      program: "0.1.0",
      clock: systemClock,
    });
    times.make.push(made.tookMs);
    bytes = made.bytes;
    const restored = join(dir, "restored");
    times.restore.push(
      await timed(() =>
        restoreArchive({ path: made.path, dataDir: restored, fleetKey: FLEET_KEY }),
      ),
    );
    for (const path of [restored, made.path]) rmSync(path, { recursive: true });
  }
  const peerBytes = statSync(join(dir, "peer.tgz")).size;
  rmSync(dataDir, { recursive: true });
  const of = `${workers} workers`;
  return [
    inMs(`make and verify, ${of}`, times.make, times.tar),
    inMs(`restore, ${of}`, times.restore, times.tar),
    inMs(`${PEER}, ${of}`, times.tar, null),
    {
      name: `size, ${of}`,
      unit: "MiB",
      value: rounded(bytes / MIB),
      p50: null,
      p99: null,
      n: 1,
      peer: PEER,
      ratio: rounded(bytes / peerBytes),
    },
  ];
}

/** One real session, and copies of its closed file under other names: no process opens them. */
function makeSessions(dataDir: string, workers: number): void {
  const dir = join(dataDir, "sessions");
  {
    using store = openSession({ dir, name: "w0", fleetKey: FLEET_KEY });
    store.beginLogin();
    store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
    store.setAuthKey(randomBytes(256));
    store.commitLogin({ id: "7000000", name: "Ann", username: "ann", phone: "15550000" });
    store.entities.upsert(
      Array.from({ length: ENTITIES }, (_, n) => ({
        id: String(1_000_000 + n),
        hash: String(randomBytes(6).readUIntBE(0, 6)),
        username: `user_${n}`,
        phone: null,
        name: `Name of user ${n}`,
      })),
    );
  }
  for (let n = 1; n < workers; n += 1)
    copyFileSync(join(dir, "w0.session"), join(dir, `w${n}.session`));
}

function tar(folder: string, target: string): void {
  execFileSync("tar", ["czf", target, "-C", folder, "sessions"]);
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function inMs(name: string, samples: readonly number[], peer: readonly number[] | null): Measured {
  const ratios = samples.map((ms, n) => ms / (peer?.[n] ?? Number.NaN));
  return {
    name,
    unit: "ms",
    value: rounded(median(samples)),
    p50: rounded(median(samples)),
    p99: rounded(quantile(samples, 0.99)),
    n: samples.length,
    peer: peer === null ? null : PEER,
    ratio: peer === null ? null : rounded(median(ratios)),
  };
}
