// The long fault runs. Two hosts and one session: npm run faults -- --rounds 500 --seed 7. Relays:
// npm run faults -- --relay 10000. What only looks like a death, through a whole fleet with ten
// routes: npm run faults -- --hang. What the chat says of a night with 30 and with 60 workers,
// compared with what happened: npm run faults -- --stories. Three hosts, 30 workers, and all that can
// be lost: npm run faults -- --drill. A burst of posts to one reader: npm run
// faults -- --burst 10000. Power cuts (root, an ext4 image): npm run faults -- --cuts 50. The same
// seed plays the same faults again; --only "cut off" plays those with these words in their name.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const options = {
  rounds: { type: "string", default: "100" },
  relay: { type: "string" },
  cuts: { type: "string" },
  burst: { type: "string" },
  hang: { type: "boolean", default: false },
  stories: { type: "boolean", default: false },
  drill: { type: "boolean", default: false },
  seed: { type: "string" },
  only: { type: "string", default: "" },
};
const { values } = parseArgs({ options });
const { cuts, burst, hang, stories, drill, relay, rounds, only } = values;
const seed = values.seed ?? String(Date.now() % 1_000_000);

/** The first that is asked for. */
const runs = [
  {
    asked: cuts,
    what: `${cuts} cuts`,
    env: { POWER_CUTS: cuts },
    tests: "packages/sqlite/test/power-cut.test.ts",
    verb: "test",
  },
  {
    asked: burst,
    what: `${burst} posts`,
    env: { BURST_POSTS: burst },
    tests: "tests/e2e/burst.world.test.ts",
  },
  {
    asked: hang,
    what: "hangs",
    env: { FAULT_HANGS: "1", FAULT_ONLY: only },
    tests: "tests/faults/hang.test.ts",
  },
  {
    asked: stories,
    what: "stories",
    env: { FAULT_STORIES: "1", FAULT_ONLY: only },
    tests: "tests/faults/stories",
  },
  {
    asked: drill,
    what: "the drill of three hosts",
    env: { FAULT_DRILL: "1" },
    tests: "tests/faults/drill",
  },
  {
    asked: relay,
    what: `${relay} messages`,
    env: { RELAY_MESSAGES: relay },
    tests: "tests/faults/relay.test.ts",
  },
  {
    asked: true,
    what: `${rounds} rounds`,
    env: { FAULT_ROUNDS: rounds, FAULT_ONLY: only },
    tests: "tests/faults/faults.test.ts",
  },
];
const run = runs.find(({ asked }) => asked);
process.stdout.write(`${run.what}, seed ${seed}\n`);
const launcher = fileURLToPath(new URL("../../apps/cli/launch.mjs", import.meta.url));
const child = spawn(
  process.execPath,
  [launcher, run.verb ?? "test:world", run.tests, "--disable-console-intercept"],
  {
    stdio: "inherit",
    env: { ...process.env, ...run.env, FAULT_SEED: seed },
  },
);
child.once("exit", (code) => process.exit(code ?? 1));
