import { SCHEMAS } from "@flotilla/contracts";
import { expect, test } from "vitest";
import { MIGRATIONS } from "../src/record/schema.ts";

test("a new migration of host.db is told to those who look at it from outside", () => {
  expect(SCHEMAS["host.db"]).toBe(MIGRATIONS.length);
});
