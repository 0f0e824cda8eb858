import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { childrenOf, freePort, isAlive, spawnNode, testDir, waitFor } from "../src/index.ts";

async function program(text: string): Promise<string> {
  const file = path.join(await testDir(), "program.mjs");
  await writeFile(file, text);
  return file;
}

test("a process has its output, its exit code and a minimal environment", async () => {
  const file = await program(
    `console.log(Object.keys(process.env).includes("VITEST"), process.env.GIVEN); ` +
      `console.error("oops"); process.exit(3);`,
  );
  const child = spawnNode(file, [], { env: { GIVEN: "yes" } });
  expect(await child.exited).toEqual({ code: 3, signal: null });
  expect(child.stdout).toBe("false yes\n");
  expect(child.stderr).toBe("oops\n");
});

test("waitForOutput fails at once when the process ends", async () => {
  const child = spawnNode(await program(`console.log("only this")`));
  await expect(child.waitForOutput("something else", 60_000)).rejects.toThrow(
    /ended before[\s\S]*only this/,
  );
});

test("a signal is reported as observed", async () => {
  const child = spawnNode(await program(`console.log("up"); setInterval(() => {}, 1000);`));
  await child.waitForOutput(/^up$/m);
  expect(childrenOf(process.pid).some((each) => each.pid === child.pid)).toBe(true);
  child.kill("SIGKILL");
  expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
  expect(isAlive(child.pid)).toBe(false);
});

test("disposing kills the whole group", async () => {
  const file = await program(
    `import { spawn } from "node:child_process";
     const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
     console.log("grandchild", child.pid);
     setInterval(() => {}, 1000);`,
  );
  const child = spawnNode(file);
  await child.waitForOutput(/grandchild \d+/);
  const grandchild = Number(/grandchild (\d+)/.exec(child.stdout)?.[1]);
  expect(isAlive(grandchild)).toBe(true);
  await child[Symbol.asyncDispose]();
  await waitFor(() => !isAlive(grandchild));
});

test("a free port has no listener", async () => {
  expect(await freePort()).toBeGreaterThan(1024);
});
