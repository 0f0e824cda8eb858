import { once } from "node:events";
import { join } from "node:path";
import { type SpawnedProcess, type SpawnOptions, spawnNode } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";

const FIXTURE = join(import.meta.dirname, "fixtures/service.ts");

function run(how: string, options: SpawnOptions = {}): SpawnedProcess {
  return spawnNode(FIXTURE, [how], options);
}

describe.each([
  ["SIGTERM", 15],
  ["SIGINT", 2],
  ["SIGHUP", 1],
] as const)("%s", (signal, number) => {
  test("ends a service after it closed everything", async () => {
    const service = run("good");
    await service.waitForOutput("started");
    service.kill(signal);
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.stdout).toContain("closed");
    expect(service.stdout).toContain(`Received signal ${number}. Initiating graceful shutdown...`);
    expect(service.stdout).toContain("Shutdown complete");
    expect(service.stderr).toBe("");
  });
});

test("a signal during the start ends the service as soon as it has started", async () => {
  const service = run("signal-comes");
  await service.waitForOutput("starting");
  service.kill("SIGTERM");
  expect(await service.exited).toEqual({ code: 0, signal: null });
  expect(service.stdout).toMatch(/started\n[\s\S]*closed/);
});

test("a second signal ends a service that hangs in its end", async () => {
  const service = run("close-hangs");
  await service.waitForOutput("started");
  service.kill("SIGTERM");
  await service.waitForOutput("closing");
  service.kill("SIGTERM");
  expect(await service.exited).toEqual({ code: 130, signal: null });
  expect(service.stdout).not.toContain("closed");
});

test("a second signal hurries a service that knows how, a third one ends it", async () => {
  const service = run("close-hurries");
  await service.waitForOutput("started");
  service.kill("SIGTERM");
  await service.waitForOutput("closing");
  service.kill("SIGINT");
  await service.waitForOutput("hurrying");
  service.kill("SIGTERM");
  expect(await service.exited).toEqual({ code: 130, signal: null });
});

test("a second signal ends a service that hangs in its start", async () => {
  const service = run("start-hangs");
  await service.waitForOutput("starting");
  // The first signal leaves no trace to wait for, so the test repeats it.
  const repeat = setInterval(() => service.kill("SIGTERM"), 50);
  onTestFinished(() => clearInterval(repeat));
  expect(await service.exited).toEqual({ code: 130, signal: null });
});

test("a service with an open handle exits nevertheless", async () => {
  const service = run("close-leaves");
  await service.waitForOutput("started");
  service.kill("SIGTERM");
  expect(await service.exited).toEqual({ code: 0, signal: null });
});

test("a service that cannot close says so and ends with 1", async () => {
  const service = run("close-fails");
  await service.waitForOutput("started");
  service.kill("SIGTERM");
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.stderr).toContain("fixture failed: Error: cannot close");
});

describe("with a parent", () => {
  test("it says that it is ready, and what it is ready with", async () => {
    const service = run("good", { ipc: true });
    const [message] = (await once(service.child, "message")) as [unknown];
    expect(message).toEqual({ kind: "ready", port: 8481 });
  });

  test.each([
    ["it ends in good order when the parent is gone", "good"],
    ["it ends in good order when the parent went during the start", "parent-goes"],
  ])("%s", async (_what, how) => {
    const parent = spawnNode(join(import.meta.dirname, "fixtures/parent.ts"), [how]);
    // The service writes to the same pipes, so they end after it has ended.
    expect(await parent.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(parent.stdout).toMatch(/started\n[\s\S]*closed\n[\s\S]*Shutdown complete/);
    expect(parent.stderr).toBe("");
  });

  test("it tells the parent why it could not start", async () => {
    const service = run("app-error", { ipc: true });
    const [message] = (await once(service.child, "message")) as [unknown];
    expect(message).toEqual({
      kind: "failed",
      message: "The configuration has a problem. Set it in .env.",
    });
    expect((await service.exited).code).toBe(1);
  });
});

describe("a start that fails", () => {
  test("for a known reason ends with 1 and the plain text of it on stderr, nothing else", async () => {
    const service = run("app-error");
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.stderr).toBe("The configuration has a problem. Set it in .env.\n");
  });

  test("for an unknown reason ends with 1 and where it happened", async () => {
    const service = run("bug");
    expect(await service.exited).toEqual({ code: 1, signal: null });
    expect(service.stderr).toMatch(
      /^fixture failed: TypeError: x is not a function\n {4}at .*service\.ts/,
    );
  });
});
