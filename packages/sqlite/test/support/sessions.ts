import { readFileSync } from "node:fs";
import { type Database, inspectFile, openDatabase } from "@flotilla/sqlite";
import { expect } from "vitest";
import { codeOf, SCHEMA } from "./databases.ts";

/** Opens a session as a worker does. */
export function openSession(path: string, create?: boolean): Database {
  const created = create === undefined ? {} : { create };
  return openDatabase({ path, role: "session", migrations: [SCHEMA], exclusive: true, ...created });
}

/** A closed database of some 30 pages with 500 rows. */
export function fillSession(path: string): void {
  using db = openSession(path);
  db.transaction("fill", () => {
    for (let i = 0; i < 500; i++)
      db.write("INSERT INTO t (name) VALUES (?)", [`${i} ${"x".repeat(200)}`]);
  });
}

/** Expects that the file is refused with this code and stays byte for byte the same. */
export function expectRefusedUntouched(path: string, code: string): void {
  const before = readFileSync(path);
  expect(inspectFile(path).problem?.code).toBe(code);
  expect(codeOf(() => openSession(path))).toBe(code);
  expect(readFileSync(path)).toEqual(before);
}
