import { readFileSync } from "node:fs";
import { isServiceChat, Route, RouteFile, RouteTarget, routeFileSchema } from "@flotilla/contracts";
import { describe, expect, it, test } from "vitest";

const least = {
  id: "a",
  from: { worker: "reader", chats: ["@news_1"] },
  to: { kind: "worker", worker: "sender", chat: "-1001" },
};

describe("a route file", () => {
  it("needs little, and the rest has defaults", () => {
    expect(RouteFile.parse({ version: 1, routes: [least] }).routes[0]).toMatchObject({
      on: true,
      filter: "",
      action: { kind: "copy", template: "{text}" },
      edits: true,
      deletes: true,
      alert: "off",
    });
  });

  it.each([
    ["an unknown field", { ...least, fiter: "x" }],
    ["a list of people as target", { ...least, to: { kind: "users", chats: ["1", "2"] } }],
    ["a hostile name", { ...least, id: "a:b" }],
    ["no source", { ...least, from: { worker: "reader", chats: [] } }],
    ["a phone number as chat", { ...least, from: { worker: "reader", chats: ["+15550100001"] } }],
  ])("refuses %s", (_name, route) => {
    expect(Route.safeParse(route).success).toBe(false);
  });

  it.each([
    ["https://example.org/hook?x=1", true],
    ["http://127.0.0.1:8080/hook", true],
    ["http://localhost/x", true],
    ["http://example.org/", false],
    ["http://127.0.0.1.example.org/", false],
    ["https://user:password@example.org/", false],
    ["file:///etc/passwd", false],
  ])("webhook %s: %j", (url, fine) => {
    expect(RouteTarget.safeParse({ kind: "webhook", url }).success).toBe(fine);
  });

  it("has its schema in docs/routes.schema.json", () => {
    const published: unknown = JSON.parse(
      readFileSync(new URL("../../../docs/routes.schema.json", import.meta.url), "utf8"),
    );
    expect(published).toEqual(routeFileSchema());
  });
});

test.each([
  ["777000", true],
  ["-100777000", true],
  ["-1000000777000", true],
  ["-1000000042777", true],
  ["1271266957", true],
  ["@Replies", true],
  ["-1001271266957", false],
  ["-1001234567890", false],
  ["-777000", false],
  ["7770001", false],
])("%s is a service chat of Telegram: %s", (ref, expected) => {
  expect(isServiceChat(ref)).toBe(expected);
});
