import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import {
  ENV,
  type EnvName,
  parseConfig,
  readEnv,
  ruleProblems,
  wantsSandbox,
} from "@flotilla/config";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test, vi } from "vitest";

const EXAMPLE = join(import.meta.dirname, "../../../.env.example");
const text = readFileSync(EXAMPLE, "utf8");
const NAMES = Object.keys(ENV) as EnvName[];

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined);
});

/** The paragraph of a value: its comment and the values that share it. */
function paragraphOf(name: string): string {
  return (
    text.split(/\n\s*\n/).find((paragraph) => new RegExp(`^${name}=`, "m").test(paragraph)) ?? ""
  );
}

test(
  "the example lists every value that is read, each once and in the order of the table, and " +
    "nothing else",
  () => {
    const assigned = [...text.matchAll(/^([A-Z_0-9]+)=/gm)].map((match) => match[1]);
    expect(assigned).toEqual(NAMES);
  },
);

describe.each(NAMES)("%s", (name) => {
  test("has the example value of the table", () => {
    expect(parseEnv(text)[name]).toBe(ENV[name].example);
  });

  test("is explained, with what happens without it", () => {
    const comment = paragraphOf(name)
      .split("\n")
      .filter((line) => line.startsWith("#"))
      .join(" ");
    expect(comment.length).toBeGreaterThan(40);
    expect(comment).toMatch(/\bwithout (it|them): \S/i);
  });

  test("is a secret only with an empty example", () => {
    if (ENV[name].secret || ENV[name].required) expect(ENV[name].example).toBe("");
  });
});

describe("the example copied to .env", () => {
  test("runs the sandbox as long as nothing is filled in", async () => {
    const dir = await testDir();
    copyFileSync(EXAMPLE, join(dir, ".env"));
    const env = readEnv(dir);
    expect(wantsSandbox(env)).toBe(true);
    expect(ruleProblems(env)).toEqual([]);
  });

  test.each(["BOT_TOKEN", "API_ID", "API_HASH", "ADMIN_IDS"] as const)(
    "no longer runs the sandbox once %s is filled in",
    (name) => {
      const env = { ...parseEnv(text), [name]: "1" };
      expect(wantsSandbox(env)).toBe(false);
    },
  );

  test("is a whole configuration with the four needed values", async () => {
    const dir = await testDir();
    copyFileSync(EXAMPLE, join(dir, ".env"));
    const env = {
      ...readEnv(dir),
      BOT_TOKEN: `123456789:${"A".repeat(35)}`,
      API_ID: "12345",
      API_HASH: "0123456789abcdef".repeat(2),
      ADMIN_IDS: "777, 888,777",
    };
    const config = parseConfig(env, { cwd: dir, role: "fleet" });
    expect(config).toMatchObject({
      apiId: 12345,
      adminIds: ["777", "888"],
      dataDir: join(dir, "data"),
      httpPort: 8481,
      supervision: {
        crashDelayMs: 30_000,
        crashLimit: 5,
        windowMs: 600_000,
        lockedDelaysMs: [60_000, 120_000],
        spacingMs: 5000,
        memoryBytes: 512 * 1024 * 1024,
        hosts: "one",
      },
      localAddress: null,
      redis: null,
      fleetKey: null,
      botApiRoot: null,
      mtproto: { kind: "telegram" },
      telegramProxy: null,
    });
  });

  test("means what the program does without it, but for the host's name", async () => {
    const dir = await testDir();
    const needed = {
      BOT_TOKEN: `123456789:${"A".repeat(35)}`,
      API_ID: "12345",
      API_HASH: "0123456789abcdef".repeat(2),
      ADMIN_IDS: "777",
    };
    const bare = parseConfig(needed, { cwd: dir, role: "fleet" });
    copyFileSync(EXAMPLE, join(dir, ".env"));
    const copied = parseConfig({ ...readEnv(dir), ...needed }, { cwd: dir, role: "fleet" });
    expect({ ...copied, hostId: null }).toEqual({ ...bare, hostId: null });
  });
});
