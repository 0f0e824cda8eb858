// The long fault run: npm run faults -- --rounds 500 --seed 7. The same seed plays the same faults again.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "100" }, seed: { type: "string" } } });
const seed = values.seed ?? String(Date.now() % 1_000_000);
process.stdout.write(`${values.rounds} rounds, seed ${seed}\n`);
const launcher = fileURLToPath(new URL("../../apps/cli/launch.mjs", import.meta.url));
const child = spawn(process.execPath, [launcher, "test", "tests/faults", "--disable-console-intercept"], {
  stdio: "inherit",
  env: { ...process.env, FAULT_ROUNDS: values.rounds, FAULT_SEED: seed },
});
child.once("exit", (code) => process.exit(code ?? 1));
