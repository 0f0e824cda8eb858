import { commandsWith, HostCommand, WorkerCommand } from "@flotilla/contracts";
import { expect, test } from "vitest";

const sorted = (kinds: readonly string[]): string[] => [...new Set(kinds)].sort();

test("every command of both unions has its facts", () => {
  const kinds = [...HostCommand.options, ...WorkerCommand.options].map(
    ({ shape }) => shape.kind.value,
  );
  expect(sorted(commandsWith(() => true))).toEqual(sorted(kinds));
});

test("a worker is wanted up after a start or a login, and down after a stop or a removed session", () => {
  const logins = WorkerCommand.options
    .map(({ shape }) => shape.kind.value)
    .filter((kind) => kind.startsWith("login."));
  expect(sorted(commandsWith(({ desired }) => desired === "running"))).toEqual(
    sorted(["start", "restart", "retry", ...logins]),
  );
  expect(sorted(commandsWith(({ desired }) => desired === "stopped"))).toEqual([
    "maintenance",
    "remove-session",
    "stop",
  ]);
});
