// The long fault runs. Two hosts and one session: npm run faults -- --rounds 500 --seed 7. Relays: npm run faults -- --relay 10000.
// A burst of posts to one reader: npm run faults -- --burst 10000.
// Power cuts (root, an ext4 image): npm run faults -- --cuts 50.
// The same seed plays the same faults again; --only "cut off" plays those with these words in their name.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const options = {
  rounds: { type: "string", default: "100" },
  relay: { type: "string" },
  cuts: { type: "string" },
  burst: { type: "string" },
  seed: { type: "string" },
  only: { type: "string", default: "" },
};
const { values } = parseArgs({ options });
const seed = values.seed ?? String(Date.now() % 1_000_000);
const { what, env, tests } = values.cuts
  ? { what: `${values.cuts} cuts`, env: { POWER_CUTS: values.cuts }, tests: "packages/sqlite/test/power-cut.test.ts" }
  : values.burst
    ? { what: `${values.burst} posts`, env: { BURST_POSTS: values.burst }, tests: "tests/e2e/burst.test.ts" }
    : values.relay
      ? { what: `${values.relay} messages`, env: { RELAY_MESSAGES: values.relay }, tests: "tests/faults/relay.test.ts" }
      : {
          what: `${values.rounds} rounds`,
          env: { FAULT_ROUNDS: values.rounds, FAULT_ONLY: values.only },
          tests: "tests/faults/faults.test.ts",
        };
process.stdout.write(`${what}, seed ${seed}\n`);
const launcher = fileURLToPath(new URL("../../apps/cli/launch.mjs", import.meta.url));
const child = spawn(process.execPath, [launcher, "test", tests, "--disable-console-intercept"], {
  stdio: "inherit",
  env: { ...process.env, ...env, FAULT_SEED: seed },
});
child.once("exit", (code) => process.exit(code ?? 1));
