import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";
import { STEPS } from "../../apps/cli/launch/check.mjs";
import { folderCircles, upwardImports } from "./folders.ts";
import { testProse } from "./prose.ts";
import { checkManifest, checkSource } from "./rules.ts";
import { retiredWords } from "./words.ts";
import { ROOT, readManifest } from "./workspace.ts";

/**
 * Proves that each rule works: seeds one violation per rule in a small workspace with the real
 * configuration and the real command of `npm run check`, and fails when the tool reports nothing.
 */
const SEEDS = path.join(import.meta.dirname, "seeds");

interface Outcome {
  readonly code: number;
  readonly output: string;
}

test.for(["biome", "tsc", "oxlint"])(
  "%s reports each of its seeds in the right file",
  async (tool) => {
    const root = await seededWorkspace(tool);
    const { code, output } = await runStep(tool, root);
    expect(code, output).not.toBe(0);
    const seeds = await readdir(path.join(SEEDS, tool));
    expect(seeds.length).toBeGreaterThan(5);
    const silent = [];
    for (const seed of seeds) {
      const rule = directive(await readFile(path.join(SEEDS, tool, seed), "utf8"), "expect");
      if (!reports(output, seed, rule)) silent.push(`${seed}: ${rule}`);
    }
    expect(silent, output).toEqual([]);
  },
);

test("knip reports unused files, exports and dependencies, and unlisted ones", async () => {
  const root = await seededWorkspace("knip");
  const { code, output } = await runStep("knip", root);
  expect(code, output).not.toBe(0);
  expect(output).toMatch(/Unused files[\s\S]*unused-file\.ts/);
  expect(output).toMatch(/Unused exports[\s\S]*unusedExport/);
  expect(output).toMatch(/Unused dependencies[\s\S]*zod/);
  expect(output).toMatch(/Unlisted dependencies[\s\S]*ioredis/);
});

test.for(["biome", "tsc", "oxlint", "knip"])("%s passes a clean workspace", async (tool) => {
  const root = await seededWorkspace(undefined);
  const { code, output } = await runStep(tool, root);
  expect(code, output).toBe(0);
});

describe("architecture rules", async () => {
  const seeds = await readdir(path.join(SEEDS, "architecture"));
  test.for(seeds)("%s is reported", async (seed) => {
    const text = await readFile(path.join(SEEDS, "architecture", seed), "utf8");
    const file = directive(text, "as");
    const own = readManifest(file.split("/").slice(0, 2).join("/"));
    const declared = /^\/\/ declares: (.+)$/m.exec(text)?.[1];
    const manifest =
      declared === undefined
        ? own
        : { ...own, dependencies: { ...own.dependencies, [declared]: "*" } };
    expect(
      checkSource({ file, text, manifest, rootManifest: readManifest() }).join("\n"),
    ).toContain(directive(text, "expect"));
  });

  test.each([
    [
      "directly",
      {
        "kit/a.ts": 'import { b } from "../feature/b.ts";',
        "feature/b.ts": 'import { a } from "../kit/a.ts";',
      },
    ],
    [
      "by types",
      {
        "kit/a.ts": 'import type { B } from "../feature/b.ts";',
        "feature/b.ts": 'export * from "../kit/a.ts";',
      },
    ],
    [
      "around a corner",
      {
        "kit/a.ts": 'await import("../feature/b.ts");',
        "feature/b.ts": 'import "../deep/er/c.ts";',
        "deep/er/c.ts": 'import { a } from "../../kit/a.ts";',
      },
    ],
  ])("folders that import each other %s are reported", (_, sources) => {
    const folders = Object.keys(sources).map((file) => path.posix.dirname(file));
    expect(folderCircles(new Map(Object.entries(sources)))).toEqual([folders.sort()]);
  });

  test("folders that import only downwards are no circle, and neither is their entry file", () => {
    const sources = {
      "index.ts": 'export * from "./kit/a.ts"; export * from "./feature/b.ts";',
      "feature/b.ts": 'import { a } from "../kit/a.ts"; import "./c.ts";',
      "feature/c.ts": "",
      "kit/a.ts": 'import { z } from "zod";',
    };
    expect(folderCircles(new Map(Object.entries(sources)))).toEqual([]);
  });

  test("an import from a layer above is reported, by types too", () => {
    const sources = {
      "main.ts": 'import "./app/all.ts";',
      "app/all.ts": 'import { a } from "../kit/a.ts"; import { b } from "../feature/b.ts";',
      "feature/b.ts": 'import { all } from "../app/all.ts"; import { a } from "../kit/a.ts";',
      "feature/d.ts": 'import "../main.ts"; import { c } from "../other/c.ts";',
      "other/c.ts": "",
      "kit/a.ts": 'import type { B } from "../feature/b.ts"; import { z } from "zod";',
    };
    const layers = { below: "kit", above: "app" };
    expect(upwardImports(new Map(Object.entries(sources)), layers)).toEqual([
      "feature/b.ts imports app/all.ts",
      "feature/d.ts imports main.ts",
      "kit/a.ts imports feature/b.ts",
    ]);
  });

  test("a retired word is reported with its line, in any case, and parts of other words are not", () => {
    const text = "/** Fine: a shallow canewood. */\n/** Whoever\n * goes on. */\n";
    expect(retiredWords("a.ts", text)).toEqual([
      'a.ts:2 says "Whoever": name who acts (docs/glossary.md)',
      'a.ts:3 says "goes on": name who acts (docs/glossary.md)',
    ]);
  });

  test("comments and titles of tests are found in each of their forms, and other strings are not", () => {
    const text = [
      'test("one", () => {});',
      'describe.each([1])("two %i " + "in pieces", () => {',
      "  test.runIf(linux)(`three ${" + "n} times`, async () => expect(1).toBe(1));",
      "}); // one line",
      "/**",
      " * Two lines.",
      " */",
      'other("no title"); test.each(["no title"])(name, () => {});',
    ].join("\n");
    expect(testProse("a.test.ts", text)).toEqual([
      { text: " one line", line: 4 },
      { text: "*\n * Two lines.\n ", line: 5 },
      { text: "one", line: 1 },
      { text: "two %i in pieces", line: 2 },
      { text: "three   times", line: 3 },
    ]);
    expect(retiredWords("a.test.ts", "nobody", 7)).toEqual([
      'a.test.ts:7 says "nobody": name who acts (docs/glossary.md)',
    ]);
  });

  test.each([
    [120, []],
    [
      121,
      ["packages/queue/src/a.ts:1 is wider than 120 characters; name parts of it, or break it"],
    ],
  ])("a line of %i characters gives %j", (width, problems) => {
    const text = `// ${"a".repeat(width - 3)}\n`;
    const manifest = readManifest("packages/queue");
    expect(
      checkSource({
        file: "packages/queue/src/a.ts",
        text,
        manifest,
        rootManifest: readManifest(),
      }),
    ).toEqual(problems);
  });

  test("a forbidden edge in package.json is reported before a file uses it", () => {
    expect(
      checkManifest("packages/kernel", { dependencies: { "@flotilla/queue": "*", zod: "4.6.7" } }),
    ).toHaveLength(2);
    expect(checkManifest("packages/new", {})).toEqual([
      "packages/new has no line in architecture-table.ts",
    ]);
  });
});

/** A small workspace with the real configuration and the seeds of one tool, or none. */
async function seededWorkspace(tool: string | undefined): Promise<string> {
  const root = await testDir("flotilla-seeds-");
  for (const file of [".gitignore", ".biome.json", ".oxlintrc.json", "tsconfig.json", ".knip.json"])
    await cp(path.join(ROOT, file), path.join(root, file));
  await symlink(path.join(ROOT, "node_modules"), path.join(root, "node_modules"));
  await json(path.join(root, "package.json"), {
    name: "seeds",
    private: true,
    type: "module",
    workspaces: ["packages/*"],
  });
  const seed = path.join(root, "packages", "seed");
  await mkdir(path.join(seed, "src"), { recursive: true });
  if (tool === "knip") await cp(path.join(SEEDS, "knip"), seed, { recursive: true });
  else if (tool !== undefined)
    await cp(path.join(SEEDS, tool), path.join(seed, "src"), { recursive: true });
  if (tool === "knip") return root;
  const dependencies = tool === undefined ? {} : { "@flotilla/kernel": "*" };
  await json(path.join(seed, "package.json"), {
    name: "@flotilla/seed",
    private: true,
    type: "module",
    exports: { ".": "./src/index.ts" },
    dependencies,
  });
  await writeFile(path.join(seed, "src", "index.ts"), "export const clean = true;\n");
  return root;
}

async function json(file: string, value: unknown): Promise<void> {
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}

async function runStep(tool: string, cwd: string): Promise<Outcome> {
  const [name = "", ...args] =
    STEPS.map((step) => step.command).find(([first]) => first === tool) ?? [];
  expect(name, `a step of npm run check runs ${tool}`).toBe(tool);
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
  const more = tool === "biome" ? ["--colors=off", "--max-diagnostics=none"] : [];
  return new Promise((resolve) => {
    execFile(
      path.join(ROOT, "node_modules", ".bin", tool),
      [...args, ...more],
      { cwd, env, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
      },
    );
  });
}

/**
 * Whether `rule` is reported for `seed`: on one line for tsc and biome; oxlint names the file on
 * the line below.
 */
function reports(output: string, seed: string, rule: string): boolean {
  const lines = output.split("\n");
  return lines.some(
    (line, index) =>
      line.includes(rule) && `${line}\n${lines[index + 1] ?? ""}`.includes(`/${seed}`),
  );
}

function directive(text: string, name: string): string {
  const value = new RegExp(`^// ${name}: (.+)$`, "m").exec(text)?.[1];
  if (value === undefined) throw new Error(`the seed has no line "// ${name}: …"`);
  return value;
}
