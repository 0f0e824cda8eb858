import type { Fault } from "@flotilla/contracts";
import { AppError, type ErrorCode } from "@flotilla/kernel";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test, vi } from "vitest";
import { startChecks } from "../src/account/health-check.ts";

/** An account that gives these answers one after the other; the last one repeats. */
function checked(answers: readonly (ErrorCode | null)[], connected = true) {
  const done: string[] = [];
  const left: Fault[] = [];
  const account = {
    connected,
    check: async () => {
      const answer =
        answers[Math.min(done.filter((each) => each === "check").length, answers.length - 1)] ??
        null;
      done.push("check");
      if (answer !== null) throw new AppError(answer, answer);
    },
    reconnect: async () => void done.push("reconnect"),
  };
  const checks = startChecks(account, (fault) => void left.push(fault), { everyMs: 1, againMs: 1 });
  onTestFinished(() => checks.stop());
  return { done, left };
}

test("two checks without an answer replace the connection, two replacements in vain the process", async () => {
  const { done, left } = checked(["call-timeout"]);
  await waitFor(() => left.length > 0);
  expect(done).toEqual([
    "check",
    "check",
    "reconnect",
    "check",
    "check",
    "reconnect",
    "check",
    "check",
  ]);
  expect(left).toMatchObject([{ class: "STUCK", code: "deaf" }]);
});

test("an answer in between resets the count, and a refusal is an answer", async () => {
  const { done, left } = checked(["call-timeout", null, "call-timeout", "method-refused"]);
  await waitFor(() => done.length > 20);
  expect(done).not.toContain("reconnect");
  expect(left).toEqual([]);
});

test("without a connection nothing is checked: the connection has its own back-off", async () => {
  const { done } = checked(["call-timeout"], false);
  const idle = checked([null]);
  await waitFor(() => idle.done.length > 20);
  expect(done).toEqual([]);
});

test("a check is made each 300 s, and again 30 s after one without an answer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const done: number[] = [];
  let fails = false;
  const account = {
    connected: true,
    check: async () => {
      done.push(seconds);
      if (fails) throw new AppError("call-timeout", "no answer");
    },
    reconnect: async () => {},
  };
  let seconds = 0;
  const checks = startChecks(account, () => {});
  onTestFinished(() => checks.stop());
  const pass = async (count: number): Promise<void> => {
    for (const until = seconds + count; seconds < until; ) {
      seconds += 1;
      await vi.advanceTimersByTimeAsync(1000);
    }
  };
  await pass(899);
  expect(done).toEqual([300, 600]);
  fails = true;
  await pass(31);
  fails = false;
  await pass(329);
  expect(done).toEqual([300, 600, 900, 930, 960]);
  await pass(1);
  expect(done.at(-1)).toBe(1260);
});
