import { SCHEMAS } from "@flotilla/contracts";
import { expect, test } from "vitest";
import { MIGRATIONS } from "../src/kit/schema.ts";

test("a new migration of control.db is told to those who look at it from outside", () => {
  expect(SCHEMAS["control.db"]).toBe(MIGRATIONS.length);
});
