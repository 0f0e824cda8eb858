import {
  CommandOutcome,
  FleetEvent,
  HostCommand,
  NO_LINK,
  WorkerCommand,
  WorkerStatus,
  WorkerToSupervisor,
} from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { valuesOf } from "./from-schema.ts";

const MESSAGES: readonly (readonly [string, z.ZodType])[] = [
  ["host command", HostCommand],
  ["worker command", WorkerCommand],
  ["command outcome", CommandOutcome],
  ["fleet event", FleetEvent],
  ["worker status", WorkerStatus],
  ["message from a worker", WorkerToSupervisor],
];

describe.each(MESSAGES)("every %s", (_name, schema) => {
  test("arrives as it was sent after a way through JSON, with what is too long to read cut, once", () => {
    fc.assert(
      fc.property(valuesOf(schema), (written) => {
        const message = schema.parse(written);
        expect(schema.parse(JSON.parse(JSON.stringify(message)))).toEqual(message);
      }),
    );
  });

  test("of a kind or version that this version does not know is refused", () => {
    fc.assert(
      fc.property(
        valuesOf(schema),
        fc.constantFrom("", "format-disk", "toString", "__proto__"),
        (message, kind) => {
          const versioned = (message as { v?: unknown }).v !== undefined;
          const changed = versioned
            ? { ...(message as object), v: 2 }
            : { ...(message as object), kind };
          expect(schema.safeParse(changed).success).toBe(false);
        },
      ),
    );
  });

  test("loses what it should not carry, and is never refused by an exception", () => {
    fc.assert(
      fc.property(valuesOf(schema), (message) => {
        const stuffed = { ...(message as object), shell: "rm", constructor: "x" };
        expect(schema.parse(stuffed)).toEqual(schema.parse(message));
      }),
    );
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        expect(() => schema.safeParse(junk)).not.toThrow();
        expect(schema.safeParse(junk).success).toBe(false);
      }),
    );
  });
});

const base = {
  v: 1,
  id: "0123456789abcdef",
  worker: "news_1",
  askedBy: { id: "777", name: "Ann" },
  askedAt: 1,
  deadlineAt: 2,
};
const sealed = { ephemeral: "a", nonce: "b", box: "c" };

describe("a command is refused", () => {
  test.each([
    ["a worker name with a capital letter", { ...base, kind: "restart", worker: "News" }],
    ["a worker name of 33 characters", { ...base, kind: "restart", worker: "a".repeat(33) }],
    [
      "a worker name with a colon, which would reach another queue",
      { ...base, kind: "restart", worker: "a:b" },
    ],
    ["a worker name with a line break", { ...base, kind: "restart", worker: "news\n" }],
    [
      "an id with a colon, which BullMQ cannot take",
      { ...base, kind: "restart", id: "0123:45678" },
    ],
    ["an id of 7 characters", { ...base, kind: "restart", id: "0123456" }],
    [
      "an asker whose name is a book",
      { ...base, kind: "restart", askedBy: { id: "777", name: "x".repeat(65) } },
    ],
    ["a time that is a text", { ...base, kind: "restart", askedAt: "now" }],
    ["a time that is no number", { ...base, kind: "restart", deadlineAt: Number.NaN }],
    ["no lines of a log", { ...base, kind: "log", lines: 0 }],
    ["more lines of a log than 200", { ...base, kind: "log", lines: 201 }],
    ["half a line of a log", { ...base, kind: "log", lines: 1.5 }],
    ["a kind that belongs to workers", { ...base, kind: "check" }],
  ])("with %s (host)", (_why, payload) => {
    expect(HostCommand.safeParse(payload).success).toBe(false);
  });

  test.each([
    ["a kind that belongs to hosts", { ...base, kind: "restart" }],
    ["a code that is not sealed", { ...base, kind: "login.code", loginId: "l", code: "12345" }],
    [
      "a sealed box of more than 4000 characters",
      { ...base, kind: "login.code", loginId: "l", sealed: { ...sealed, box: "x".repeat(4001) } },
    ],
    ["a login id of 65 characters", { ...base, kind: "login.begin", loginId: "l".repeat(65) }],
  ])("with %s (worker)", (_why, payload) => {
    expect(WorkerCommand.safeParse(payload).success).toBe(false);
  });

  test("and the same without the mistake is taken", () => {
    expect(HostCommand.safeParse({ ...base, kind: "restart" }).success).toBe(true);
    expect(HostCommand.safeParse({ ...base, kind: "log", lines: 200 }).success).toBe(true);
    expect(
      WorkerCommand.safeParse({ ...base, kind: "login.code", loginId: "l", sealed }).success,
    ).toBe(true);
  });
});

test("a supervisor cannot be told by a worker that it is stopped: only it knows that", () => {
  const link = NO_LINK;
  const told = (state: string): boolean =>
    WorkerToSupervisor.safeParse({ kind: "status", state, fault: null, link }).success;
  expect(told("RUNNING")).toBe(true);
  expect(["STOPPED", "GAVE_UP", "BACKOFF", "STOPPING"].filter(told)).toEqual([]);
});
