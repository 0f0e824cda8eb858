import { NO_LINK, type StateFacts, WorkerState, WorkerToSupervisor } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { actionsFor, STATE_TABLE, stateIcon, stateWords, urgency } from "../src/worker-states.ts";

describe.each(WorkerState.options)("a worker that is %s", (state) => {
  test("can be looked into, and no action is there twice", () => {
    const actions = actionsFor(state);
    expect(actions).toContain("log");
    expect(new Set(actions).size).toBe(actions.length);
  });

  test("has an icon, words and a place in the order", () => {
    expect(stateIcon(state)).not.toBe("");
    expect(stateWords(state)).toMatch(/^[a-z() ]+$/);
    expect(urgency(state)).toBeGreaterThanOrEqual(0);
  });

  test("is not offered both Start and Stop", () => {
    const actions = actionsFor(state);
    expect(actions.includes("start") && actions.includes("stop")).toBe(false);
  });
});

const having = (action: ReturnType<typeof actionsFor>[number]): WorkerState[] =>
  WorkerState.options.filter((state) => actionsFor(state).includes(action));

test("a worker that is stopped, banned, in transition or in a login has no Restart", () => {
  const restartable = having("restart");
  for (const state of [
    "STOPPED",
    "MAINTENANCE",
    "BANNED",
    "STARTING",
    "STOPPING",
    "LOGGING_IN",
  ] as const) {
    expect(restartable).not.toContain(state);
  }
});

test("a worker that gave up or needs a login can be helped from its card", () => {
  expect(actionsFor("GAVE_UP")).toContain("restart");
  expect(actionsFor("NEEDS_LOGIN")).toContain("login");
  expect(actionsFor("LOGGING_IN")).toContain("login");
});

test("a session that Telegram took for ended can be asked about again", () => {
  expect(having("look").sort()).toEqual(["BANNED", "NEEDS_LOGIN"]);
});

test("Telegram is asked only where a connection can be", () => {
  expect(having("check").sort()).toEqual([
    "CATCHING_UP",
    "DEGRADED",
    "FLOOD",
    "RECONNECTING",
    "RUNNING",
  ]);
});

/** The states with a value of a fact, sorted. */
function statesWith<Fact extends keyof StateFacts>(
  fact: Fact,
  ...values: readonly StateFacts[Fact][]
): WorkerState[] {
  return WorkerState.options.filter((state) => values.includes(STATE_TABLE[state][fact])).sort();
}

test("each state has one row, and there is no row without a state", () => {
  expect(Object.keys(STATE_TABLE).sort()).toEqual([...WorkerState.options].sort());
});

test("what waits for a person comes before what passes, and both before what is fine", () => {
  const places = (needs: StateFacts["needs"]): number[] => statesWith("needs", needs).map(urgency);
  expect(Math.max(...places("admin"))).toBeLessThan(Math.min(...places("time")));
  expect(Math.max(...places("time"))).toBeLessThan(Math.min(...places("nothing")));
  expect(urgency("RUNNING")).toBeLessThan(urgency("STOPPED"));
});

test("Telegram answers only an account whose process has its session open", () => {
  for (const state of statesWith("online", "yes", "perhaps"))
    expect(STATE_TABLE[state]).toMatchObject({ process: "up", session: "open" });
});

test("a check is offered where a connection can be, and Start where a stop was wanted", () => {
  const canConnect = [...statesWith("online", "yes", "perhaps"), "RECONNECTING"];
  expect(having("check").sort()).toEqual(canConnect.sort());
  expect(having("start").sort()).toEqual(statesWith("isStopped", true));
});

test("a worker cannot report what only its supervisor knows", () => {
  const parses = (state: WorkerState): boolean =>
    WorkerToSupervisor.safeParse({ kind: "status", state, fault: null, link: NO_LINK }).success;
  expect(WorkerState.options.filter((state) => !parses(state)).sort()).toEqual(
    statesWith("process", "none", "ending"),
  );
  expect(statesWith("process", "none", "ending")).toEqual([
    "BACKOFF",
    "BROKEN",
    "GAVE_UP",
    "IN_USE",
    "MAINTENANCE",
    "STOPPED",
    "STOPPING",
  ]);
});
