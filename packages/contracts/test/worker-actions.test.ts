import { WorkerState } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { actionsFor, stateIcon, stateWords, urgency } from "../src/worker-actions.ts";

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

test("only a worker that does not run can be started", () => {
  expect(having("start").sort()).toEqual(["MAINTENANCE", "STOPPED"]);
});

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

test(
  "problems that wait for a person come before those that mend themselves, and both before " +
    "what is fine",
  () => {
    const places = WorkerState.options.map(urgency);
    expect(new Set(places).size).toBe(WorkerState.options.length);
    expect(urgency("GAVE_UP")).toBeLessThan(urgency("BACKOFF"));
    expect(urgency("NEEDS_LOGIN")).toBeLessThan(urgency("RECONNECTING"));
    expect(urgency("RECONNECTING")).toBeLessThan(urgency("RUNNING"));
    expect(urgency("FLOOD")).toBeLessThan(urgency("STOPPED"));
  },
);
