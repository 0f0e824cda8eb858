import { spawn } from "node:child_process";
import path from "node:path";
import { boundToParent } from "./child.mjs";
import { say } from "./say.mjs";

/**
 * Everything that CI runs besides the tests, fast steps first. tests/guards/guards.test.ts proves
 * that each step can fail.
 * @type {readonly { name: string, command: readonly string[] }[]}
 */
export const STEPS = [
  { name: "format and lint", command: ["biome", "ci", "--error-on-warnings", "."] },
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "types of the chat page", command: ["tsc", "-p", "packages/sandbox/src/page"] },
  { name: "promise and switch rules", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "dead code and dependencies", command: ["knip", "--no-progress"] },
  { name: "guards", command: ["vitest", "run", "tests/guards"] },
];

/**
 * Runs the steps in order; stops at the first failed one and prints its output.
 * @param {{ root: string, env: NodeJS.ProcessEnv }} ready
 * @param {readonly { name: string, command: readonly string[] }[]} [steps]
 * @returns {Promise<number>} 0 or 1
 */
export async function check({ root, env }, steps = STEPS) {
  const started = performance.now();
  for (const [index, { name, command }] of steps.entries()) {
    const stepStarted = performance.now();
    const { code, output } = await capture(command, root, env);
    if (code !== 0) {
      process.stdout.write(output);
      say(`check: ${name} failed (step ${index + 1} of ${steps.length}: ${command.join(" ")})`);
      return 1;
    }
    say(`check: ${name} ok (${seconds(stepStarted)})`);
  }
  say(`check: all ${steps.length} steps ok (${seconds(started)})`);
  return 0;
}

/**
 * @param {readonly string[]} command
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number, output: string }>}
 */
function capture([tool = "", ...args], root, env) {
  const [program, ...rest] = boundToParent([
    path.join(root, "node_modules", ".bin", tool),
    ...args,
  ]);
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** @param {number} since */
function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
