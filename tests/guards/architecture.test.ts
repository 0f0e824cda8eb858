import path from "node:path";
import { describe, expect, test } from "vitest";
import { LAYERS, VENDOR_OWNERS, WORKSPACE_IMPORTS } from "./architecture-table.ts";
import { folderCircles, upwardImports } from "./folders.ts";
import { testProse } from "./prose.ts";
import { checkManifest, checkSource } from "./rules.ts";
import { retiredWords } from "./words.ts";
import { listFiles, listMembers, readManifest, readText } from "./workspace.ts";

const files = listFiles();
const members = listMembers();
const rootManifest = readManifest();

test("every source file keeps the rules", () => {
  const sources = files.filter(
    (file) =>
      /^(apps|packages|tests|bench)\/.*\.(ts|mjs)$/.test(file) && !file.includes("/src/page/"),
  );
  expect(sources.length).toBeGreaterThan(50);
  const problems = sources.flatMap((file) => {
    const member = members.find(({ dir }) => file.startsWith(`${dir}/`));
    return checkSource({
      file,
      text: readText(file),
      manifest: member?.manifest ?? rootManifest,
      rootManifest,
    });
  });
  expect(problems).toEqual([]);
});

test("every package.json declares only what the table allows", () => {
  expect(members.length).toBeGreaterThan(10);
  expect(members.flatMap(({ dir, manifest }) => checkManifest(dir, manifest))).toEqual([]);
});

const sourcesOf = (dir: string): ReadonlyMap<string, string> => {
  const src = `${dir}/src/`;
  const own = files.filter((file) => file.startsWith(src) && file.endsWith(".ts"));
  return new Map(own.map((file) => [file.slice(src.length), readText(file)]));
};

test("folders of a package do not import each other", () => {
  const circles = members.flatMap(({ dir }) =>
    folderCircles(sourcesOf(dir)).map((it) => [dir, it]),
  );
  expect(circles).toEqual([]);
});

test.each(Object.entries(LAYERS))("no file of %s imports from a layer above", (dir, layers) => {
  const sources = sourcesOf(dir);
  expect([...sources.keys()].some((file) => file.startsWith(`${layers.below}/`))).toBe(true);
  expect(upwardImports(sources, layers)).toEqual([]);
});

test("sources, English texts of the chat and the README use no retired word", () => {
  const kinds = [
    /^(?:apps|packages)\/[^/]+\/src\/.*\.(?:ts|js)$/,
    /\/en\.ftl$/,
    /^(?:README|CONTRIBUTING|CHANGELOG)\.md$/,
    /^docs\/(?!glossary).*\.md$/,
  ];
  const read = files.filter((file) => kinds.some((kind) => kind.test(file)));
  expect(read.length).toBeGreaterThan(400);
  expect(read.flatMap((file) => retiredWords(file, readText(file)))).toEqual([]);
});

test("titles and comments of tests and benches use no retired word", () => {
  const prose = files
    .filter((file) => /^(?:(?:apps|packages)\/[^/]+\/test|tests|bench)\/.*\.(?:ts|mjs)$/.test(file))
    .flatMap((file) => testProse(file, readText(file)).map((passage) => ({ file, ...passage })));
  expect(prose.length).toBeGreaterThan(2500);
  expect(prose.flatMap(({ file, text, line }) => retiredWords(file, text, line))).toEqual([]);
});

test("the glossary has 40 words at most", () => {
  const rows = readText("docs/glossary.md").match(/^\| \*\*[^|]+/gm) ?? [];
  const words = rows.flatMap((row) => row.match(/\*\*[^*]+\*\*/g) ?? []);
  expect(words.length).toBeGreaterThan(20);
  expect(words.length).toBeLessThanOrEqual(40);
});

describe("the table itself", () => {
  test("names only packages that exist", () => {
    const dirs = members.map(({ dir }) => dir);
    expect(Object.keys(WORKSPACE_IMPORTS).sort()).toEqual(dirs.sort());
    expect(
      Object.values(VENDOR_OWNERS)
        .flat()
        .filter((owner) => !dirs.includes(owner)),
    ).toEqual([]);
  });

  test("has no cycle", () => {
    const visit = (dir: string, trail: readonly string[]): string[] => {
      if (trail.includes(dir)) return [[...trail, dir].join(" → ")];
      return (WORKSPACE_IMPORTS[dir] ?? []).flatMap((name) =>
        visit(`packages/${name}`, [...trail, dir]),
      );
    };
    expect(Object.keys(WORKSPACE_IMPORTS).flatMap((dir) => visit(dir, []))).toEqual([]);
  });
});

test("the top level contains exactly the folders of the layout", () => {
  const known = [
    /^(?:package|package-lock|tsconfig|biome|knip)\.json$/,
    /^(?:docker-compose\.yml|vitest\.config\.ts|LICENSE)$/,
    /^(?:README|CHANGELOG|CONTRIBUTING)\.md$/,
    /^\..+$/,
  ];
  const tops = new Set(files.map((file) => file.split("/")[0] ?? ""));
  const folders = ["apps", "packages", "docs", "bench", "tests"];
  expect(
    [...tops].filter((top) => !folders.includes(top) && !known.some((kind) => kind.test(top))),
  ).toEqual([]);
});

test("the lock file names no registry", () => {
  expect(readText("package-lock.json")).not.toMatch(/"resolved": "https?:/);
});

test("no file names a folder of a developer's machine", () => {
  const machinePath = new RegExp(
    String.raw`(^|[\s"'\`=(:])/(${["work", "root", "Users", "home"].join("|")})/\w`,
    "m",
  );
  const text = files.filter((file) =>
    /\.(ts|mjs|js|json|md|ya?ml|html|css|sh)$|\/[^.]+$/.test(file),
  );
  expect(
    text.filter(
      (file) =>
        file !== "package-lock.json" && machinePath.test(readText(path.posix.normalize(file))),
    ),
  ).toEqual([]);
});
