import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BENCHES } from "./benches.ts";
import type { Bench, Measured } from "./lib/bench.ts";
import { table } from "./lib/table.ts";

const HERE = import.meta.dirname;
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    dir: { type: "string", default: tmpdir() },
    out: { type: "string", default: join(HERE, "results") },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
  if (unknown.length > 0) {
    console.error(
      `There is no bench ${unknown.join(", ")}. There are: ${Object.keys(BENCHES).join(", ")}.`,
    );
    return 2;
  }
  for (const [name, load] of Object.entries(BENCHES)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    const { default: bench } = await load();
    console.log(`${name}: ${bench.summary}`);
    if (!flags.list) await measure(name, bench);
  }
  return 0;
}

async function measure(name: string, bench: Bench): Promise<void> {
  const dir = mkdtempSync(join(resolve(flags.dir), "flotilla-bench-"));
  const skipped: string[] = [];
  try {
    const results = await bench.run({
      quick: flags.quick,
      dir,
      skip: (reason) => skipped.push(reason),
    });
    console.log(table(results));
    for (const reason of skipped) console.log(`  left out: ${reason}`);
    console.log(`  ${keep(name, results, skipped)}\n`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Keeps the results of a full run; a quick run is only printed. */
function keep(name: string, results: readonly Measured[], skipped: readonly string[]): string {
  if (flags.quick) return "quick run: not kept";
  mkdirSync(flags.out, { recursive: true });
  const file = join(flags.out, `${name}.json`);
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    platform: process.platform,
    node: process.version,
  };
  writeFileSync(
    file,
    `${JSON.stringify({ bench: name, at: new Date().toISOString(), machine, results, skipped }, null, 2)}\n`,
  );
  return `kept in ${relative(process.cwd(), file)}`;
}
