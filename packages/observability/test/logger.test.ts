import { join } from "node:path";
import { spawnNode } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";

const FIXTURE = join(import.meta.dirname, "fixtures/log.ts");

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly worker: string;
  readonly time: string;
  readonly err?: { readonly code: string; readonly message: string; readonly stack: string };
}

async function logged(secret: string): Promise<{ text: string; lines: Line[] }> {
  const process = spawnNode(FIXTURE, [secret]);
  expect(await process.exited, process.stderr).toEqual({ code: 0, signal: null });
  expect(process.stderr).toBe("");
  const lines = process.stdout.trim().split("\n");
  return { text: process.stdout, lines: lines.map((line) => JSON.parse(line) as Line) };
}

describe.each([
  ["a bot token", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"],
  ["a key", "0123456789abcdef".repeat(4)],
])("the log of a real process that holds %s", (_what, secret) => {
  test("does not show it in texts, nested objects, errors, causes or fields of a child", async () => {
    const { text, lines } = await logged(secret);
    expect(lines.map((line) => line.level)).toEqual([
      "info",
      "info",
      "error",
      "error",
      "error",
      "warn",
      "info",
    ]);
    expect(text).not.toContain("what Ann wrote");
    expect(text).not.toContain(secret);
    expect(text).not.toContain("t0p-secret");
    expect(text).not.toContain("l0w-secret");
  });

  test("still says what happened, where and when", async () => {
    const { lines } = await logged(secret);
    expect(lines.map((line) => line.worker)).toEqual(Array(7).fill("news_1"));
    expect(lines[0]?.msg).toBe("text [redacted]");
    expect(lines[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(lines[2]?.err).toMatchObject({
      code: "ECONNREFUSED",
      stack: expect.stringContaining("log.ts"),
    });
  });
});

test("lines of trouble begin with the icon of their class, else with that of their level", async () => {
  const process = spawnNode(join(import.meta.dirname, "fixtures/icons.ts"));
  await process.exited;
  const lines = process.stdout.trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as Line).msg)).toEqual([
    "nothing wrong",
    "🔌 link ended",
    "🔑 key ended",
    "⚠️ of no known class",
    "❌ no fields",
    "🔄 has one already",
    "only an error",
  ]);
});
