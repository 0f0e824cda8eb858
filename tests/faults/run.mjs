// The long fault runs. Two hosts and one session: npm run faults -- --rounds 500 --seed 7. Relays: npm run faults -- --relay 10000.
// The same seed plays the same faults again; --only "cut off" plays those with these words in their name.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const options = {
  rounds: { type: "string", default: "100" },
  relay: { type: "string" },
  seed: { type: "string" },
  only: { type: "string", default: "" },
};
const { values } = parseArgs({ options });
const seed = values.seed ?? String(Date.now() % 1_000_000);
const [what, env] = values.relay
  ? [`${values.relay} messages`, { RELAY_MESSAGES: values.relay }]
  : [`${values.rounds} rounds`, { FAULT_ROUNDS: values.rounds, FAULT_ONLY: values.only }];
const tests = `tests/faults/${values.relay ? "relay" : "faults"}.test.ts`;
process.stdout.write(`${what}, seed ${seed}\n`);
const launcher = fileURLToPath(new URL("../../apps/cli/launch.mjs", import.meta.url));
const child = spawn(process.execPath, [launcher, "test", tests, "--disable-console-intercept"], {
  stdio: "inherit",
  env: { ...process.env, ...env, FAULT_SEED: seed },
});
child.once("exit", (code) => process.exit(code ?? 1));
