import { classifySystem, classOfCode, ERROR_TABLE, ErrorClass, Fault } from "@flotilla/contracts";
import fc from "fast-check";
import { expect, test } from "vitest";

const coded = (code: string, message = "secret /srv/path") =>
  classifySystem(Object.assign(new Error(message), { code }));

test.each([
  ["SQLITE_BUSY", "SESSION_LOCKED"],
  ["SQLITE_BUSY_SNAPSHOT", "SESSION_LOCKED"],
  ["SQLITE_LOCKED", "SESSION_LOCKED"],
  ["SQLITE_CORRUPT_VTAB", "DB_BROKEN"],
  ["SQLITE_NOTADB", "DB_BROKEN"],
  ["SQLITE_FULL", "DB_BROKEN"],
  ["SQLITE_READONLY_DIRECTORY", "DB_BROKEN"],
  ["SQLITE_CANTOPEN", "DB_BROKEN"],
  ["SQLITE_IOERR_SHMSIZE", "DB_BROKEN"],
  ["SQLITE_NOMEM", "OOM"],
  ["SQLITE_CONSTRAINT_UNIQUE", "CRASH"],
  ["ENOSPC", "DB_BROKEN"],
  ["EROFS", "DB_BROKEN"],
  ["ENOMEM", "OOM"],
  ["EADDRINUSE", "CONFIG"],
  ["EACCES", "CONFIG"],
  ["ERR_MODULE_NOT_FOUND", "CONFIG"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "CONFIG"],
  ["ECONNREFUSED", "NETWORK"],
  ["ECONNRESET", "NETWORK"],
  ["ETIMEDOUT", "NETWORK"],
  ["EHOSTUNREACH", "NETWORK"],
  ["ENETDOWN", "NETWORK"],
  ["EAI_AGAIN", "NETWORK"],
  ["ENOTFOUND", "NETWORK"],
  ["EPIPE", "NETWORK"],
  ["UND_ERR_CONNECT_TIMEOUT", "NETWORK"],
] satisfies [string, ErrorClass][])("an error with the code %s is %s", (code, found) => {
  expect(coded(code)).toMatchObject({ class: found, code });
  expect(coded(code)?.message).not.toContain("secret");
});

test.each([
  ["NOAUTH Authentication required.", "CONFIG"],
  ["WRONGPASS invalid username-password pair", "CONFIG"],
  ["MISCONF Redis is configured to save RDB snapshots", "DB_BROKEN"],
  ["OOM command not allowed when used memory > 'maxmemory'.", "CONFIG"],
  ["LOADING Redis is loading the dataset in memory", "NETWORK"],
  ["READONLY You can't write against a read only replica.", "NETWORK"],
  ["CLUSTERDOWN The cluster is down", "NETWORK"],
  ["ERR unknown command", "CRASH"],
  ["", "CRASH"],
] satisfies [string, ErrorClass][])("the Redis answer %j is %s", (text, found) => {
  const error = Object.assign(new Error(text), { name: "ReplyError" });
  expect(classifySystem(error)).toMatchObject({ class: found });
});

test.each([
  "Connection is closed.",
  "Reached the max retries per request limit (which is 20).",
  "Stream isn't writeable and enableOfflineQueue options is false",
])("a Redis that is away says %j", (text) => {
  expect(classifySystem(new Error(text))).toMatchObject({ class: "NETWORK", code: "redis-away" });
});

test("a failed allocation is OOM, other range errors are not", () => {
  expect(classifySystem(new RangeError("Array buffer allocation failed"))).toMatchObject({
    class: "OOM",
  });
  expect(classifySystem(new RangeError("Maximum call stack size exceeded"))).toBeNull();
});

test("any error gives a valid fault or none, and so does any code", () => {
  const code = fc.oneof(
    fc.string(),
    fc.stringMatching(/^(?:SQLITE_|E|ERR_|UND_)[A-Z_]{0,200}$/),
    fc.constantFrom("__proto__", "toString"),
  );
  fc.assert(
    fc.property(code, fc.string(), fc.constantFrom("Error", "ReplyError"), (own, text, name) => {
      const fault = classifySystem(Object.assign(new Error(text), { code: own, name }));
      expect(fault === null || Fault.safeParse(fault).success).toBe(true);
      const found = classOfCode(own);
      expect(found === null || ErrorClass.options.includes(found)).toBe(true);
    }),
  );
});

test("the table has a row for each class, and a class that needs an admin is never retried", () => {
  expect(Object.keys(ERROR_TABLE).sort()).toEqual([...ErrorClass.options].sort());
  const after = (found: ErrorClass) => ERROR_TABLE[found].afterExit;
  expect((["CONFIG", "DB_BROKEN", "BANNED", "AUTH_DEAD"] as const).map(after)).toEqual([
    "park",
    "park",
    "park",
    "login",
  ]);
  expect(ErrorClass.options.filter((found) => after(found) === "restart").sort()).toEqual([
    "CRASH",
    "OOM",
    "STUCK",
  ]);
});
