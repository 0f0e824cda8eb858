import { existsSync } from "node:fs";
import path from "node:path";
import { isAlive, type SpawnedProcess, spawnNode, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";

const NEVER_SAME_SIGNAL = "0";
const ALWAYS_SAME_SIGNAL = "600000";

const fixture = (name: string): string => path.join(import.meta.dirname, "fixtures", name);
const host = (sameSignalMs: string, ...command: string[]): SpawnedProcess =>
  spawnNode(fixture("host.mjs"), [sameSignalMs, process.execPath, ...command]);

/** Kills the program with the test: it has its own session and survives a killed launcher. */
async function runningProgram(launcher: SpawnedProcess): Promise<number> {
  await launcher.waitForOutput(/program \d+/);
  const pid = Number(/program (\d+)/.exec(launcher.stdout)?.[1]);
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, "SIGKILL");
  });
  return pid;
}

describe("runChild", () => {
  test.for([
    ["process.exit(0)", 0],
    ["process.exit(7)", 7],
    ["process.kill(process.pid, 'SIGKILL')", 137],
    ["process.kill(process.pid, 'SIGTERM')", 143],
  ] as const)("%s makes the launcher end with %d", async ([script, code]) => {
    expect(await host(NEVER_SAME_SIGNAL, "-e", script).exited).toEqual({ code, signal: null });
  });

  test("reports a program that cannot be started", async () => {
    const launcher = spawnNode(fixture("host.mjs"), [
      NEVER_SAME_SIGNAL,
      path.join(import.meta.dirname, "no-such-program"),
    ]);
    const { code } = await launcher.exited;
    expect(code).not.toBe(0);
    expect(launcher.stderr).toContain("no-such-program");
  });

  test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s reaches the program as one SIGTERM",
    async (signal) => {
      const launcher = host(ALWAYS_SAME_SIGNAL, fixture("program.mjs"), "1");
      await runningProgram(launcher);
      launcher.kill(signal);
      expect(await launcher.exited).toEqual({ code: 0, signal: null });
      expect(launcher.stdout).toContain("term 1");
      expect(launcher.stdout).not.toContain("got a");
    },
  );

  test("one Ctrl+C, delivered by terminal, shell and npm, counts once", async () => {
    const launcher = host(ALWAYS_SAME_SIGNAL, fixture("program.mjs"), "5");
    const program = await runningProgram(launcher);
    launcher.kill("SIGINT");
    await launcher.waitForOutput("term 1");
    launcher.kill("SIGINT");
    launcher.kill("SIGTERM");
    launcher.kill("SIGUSR2");
    await launcher.waitForOutput("host handled all signals so far");
    process.kill(program, "SIGUSR2");
    await launcher.exited;
    expect(launcher.stdout).toContain("counted 1");
  });

  test("a second signal after the interval is passed on", async () => {
    const launcher = host(NEVER_SAME_SIGNAL, fixture("program.mjs"), "2");
    await runningProgram(launcher);
    launcher.kill("SIGINT");
    await launcher.waitForOutput("term 1");
    launcher.kill("SIGINT");
    await launcher.exited;
    expect(launcher.stdout).toContain("term 2");
  });

  test.runIf(existsSync("/usr/bin/setpriv"))(
    "the program gets SIGTERM when the launcher is killed with SIGKILL",
    async () => {
      const launcher = host(ALWAYS_SAME_SIGNAL, fixture("program.mjs"), "1");
      const program = await runningProgram(launcher);
      launcher.kill("SIGKILL");
      await launcher.waitForOutput("term 1");
      await waitFor(() => !isAlive(program));
    },
  );

  test.runIf(process.platform === "linux")(
    "a killed npm stops the program, although the shell between them survives",
    async () => {
      const npm = spawnNode(fixture("npm-like.mjs"), [
        process.execPath,
        fixture("host.mjs"),
        ALWAYS_SAME_SIGNAL,
        process.execPath,
        fixture("program.mjs"),
        "1",
      ]);
      const program = await runningProgram(npm);
      const launcher = Number(/host (\d+)/.exec(npm.stdout)?.[1]);
      npm.kill("SIGKILL");
      await waitFor(() => npm.stdout.includes("term 1"), { what: "the program to be told" });
      await waitFor(() => !isAlive(program) && !isAlive(launcher));
    },
  );
});
