import { Fault } from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { faultOfExit, firstErrorLine } from "../../src/policy/exit-fault.ts";

const NODE_TRACE = `file:///srv/app/worker.ts:3
throw new TypeError("boom: x is not a function");
      ^

TypeError: boom: x is not a function
    at start (file:///srv/app/worker.ts:3:7)
    at ModuleJob.run (node:internal/modules/esm/module_job:343:25)

Node.js v24.1.0
`;
const NODE_CODE = `node:internal/modules/esm/resolve:283
    throw new ERR_MODULE_NOT_FOUND(
          ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'x'
    at finalizeResolution (node:internal/modules/esm/resolve:283:11) {
  code: 'ERR_MODULE_NOT_FOUND',
}
`;
const NODE_HEAP = `
<--- Last few GCs --->

[12345:0x1] 1 ms: Mark-Compact 10 (20) -> 10 (20) MB

<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----
`;
const PYTHON = `Traceback (most recent call last):
  File "worker.py", line 7, in <module>
    raise ValueError("no session")
ValueError: no session
`;

describe("the first line that names an error", () => {
  test.each([
    [
      "a Node stack trace, not the source line that Node quotes",
      NODE_TRACE,
      "TypeError: boom: x is not a function",
    ],
    ["a Node error with a code", NODE_CODE, "Error [ERR_MODULE_NOT_FOUND]: Cannot find module 'x'"],
    [
      "the heap limit of V8",
      NODE_HEAP,
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
    ],
    ["a Python traceback", PYTHON, "ValueError: no session"],
    [
      "an own error class",
      "warming up\nAppError: The file is locked.\n    at open",
      "AppError: The file is locked.",
    ],
    ["a rejected promise", "Uncaught Error: late\n", "Uncaught Error: late"],
    [
      "an abort",
      "DOMException [AbortError]: This operation was aborted\n",
      "DOMException [AbortError]: This operation was aborted",
    ],
    [
      "a panic",
      "starting\nthread 'main' panicked at src/main.rs:2\n",
      "thread 'main' panicked at src/main.rs:2",
    ],
    ["colours", "\u001b[31mError: red\u001b[39m\n", "Error: red"],
    ["Windows line ends", "Error: one\r\n    at x\r\n", "Error: one"],
    ["no error at all", "\n\n  the disk is full  \nbye\n", "the disk is full"],
  ])("is found in %s", (_what, stderr, line) => {
    expect(firstErrorLine(stderr)).toBe(line);
  });

  test.each([
    ["nothing", ""],
    ["only white space", " \n\t\n\r\n"],
    ["only colours", "\u001b[31m\u001b[39m\n"],
  ])("is nothing when the process left %s", (_what, stderr) => {
    expect(firstErrorLine(stderr)).toBeNull();
  });

  test("is cut to 300 characters, even of a single line of a megabyte", () => {
    expect(firstErrorLine(`Error: ${"x".repeat(1_000_000)}`)).toBe(`Error: ${"x".repeat(293)}`);
    expect(firstErrorLine("x".repeat(1_000_000))).toBe("x".repeat(300));
  });

  test("never ends in half a character, holds no control character and is one line", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("🙂".repeat(200), `Error: x${"🙂".repeat(200)}`),
    );
    fc.assert(
      fc.property(
        fc.array(text).map((lines) => lines.join("\n")),
        (stderr) => {
          const line = firstErrorLine(stderr);
          if (line === null) return;
          expect(line.length).toBeGreaterThan(0);
          expect(line.length).toBeLessThanOrEqual(300);
          expect(line.isWellFormed()).toBe(true);
          expect(line).not.toMatch(/\p{Cc}/u);
        },
      ),
    );
  });
});

describe("the fault of an exit", () => {
  test("is the reason that the worker gave, whatever came after", () => {
    const announced: Fault = {
      class: "DB_BROKEN",
      code: "sqlite-corrupt",
      message: "The file is broken.",
    };
    expect(
      faultOfExit({ exitCode: null, signal: "SIGKILL" }, announced, "heap out of memory"),
    ).toEqual(announced);
  });

  test("is the memory limit when V8 said so, although the process ended by a signal", () => {
    expect(faultOfExit({ exitCode: null, signal: "SIGABRT" }, null, NODE_HEAP).class).toBe("OOM");
  });

  test.each([
    [{ exitCode: null, signal: "SIGKILL" }, "SIGKILL", "The worker was ended by SIGKILL."],
    [{ exitCode: 7, signal: null }, "exit-7", "The worker ended with exit code 7."],
    [{ exitCode: 0, signal: null }, "exit-0", "The worker ended with exit code 0."],
  ])("is a crash that says what was observed: %j", (exit, code, message) => {
    expect(faultOfExit(exit, null, "Error: x")).toEqual({ class: "CRASH", code, message });
  });

  test("always fits into an event", () => {
    const exit = fc.oneof(
      fc.record({ exitCode: fc.nat(255), signal: fc.constant(null) }),
      fc.record({
        exitCode: fc.constant(null),
        signal: fc.constantFrom("SIGKILL", "SIGSEGV", "SIGABRT"),
      }),
    );
    fc.assert(
      fc.property(
        exit,
        fc.string(),
        (how, stderr) => void Fault.parse(faultOfExit(how, null, stderr)),
      ),
    );
  });
});

test.each([
  [0, null, "CRASH", "exit-0"],
  [1, null, "CRASH", "exit-1"],
  [9, null, "CONFIG", "exit-9"],
  [78, null, "CONFIG", "exit-78"],
  [134, null, "CRASH", "exit-134"],
  [137, null, "OOM", "exit-137"],
  [null, "SIGKILL", "CRASH", "SIGKILL"],
  [null, "SIGSEGV", "CRASH", "SIGSEGV"],
  [null, "SIGABRT", "CRASH", "SIGABRT"],
  [null, null, "CRASH", "exit-unknown"],
] as const)("exit code %s and signal %s are %s", (exitCode, signal, found, code) => {
  expect(faultOfExit({ exitCode, signal }, null, "")).toMatchObject({ class: found, code });
});

test("a SIGKILL of the kernel's OOM killer is reported as OOM", () => {
  expect(faultOfExit({ exitCode: null, signal: "SIGKILL" }, null, "", true)).toMatchObject({
    class: "OOM",
    code: "oom-killed",
  });
  expect(faultOfExit({ exitCode: 1, signal: null }, null, "", true)).toMatchObject({
    class: "CRASH",
  });
});
