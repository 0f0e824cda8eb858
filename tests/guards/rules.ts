import { isBuiltin } from "node:module";
import path from "node:path";
import { FILE_OPENERS, VENDOR_OWNERS, WORKSPACE_IMPORTS } from "./architecture-table.ts";
import { type Import, type ParsedFile, parseFile } from "./imports.ts";
import type { Manifest } from "./workspace.ts";

/** One source file and the declarations that its imports are checked against. */
export interface Source {
  /** Path from the root, with `/`. */
  readonly file: string;
  readonly text: string;
  /** The package.json of its package or app; of the root for `tests/` and `bench/`. */
  readonly manifest: Manifest;
  readonly rootManifest: Manifest;
}

const SCOPE = "@flotilla/";
/** The clock itself, and tools that use no other package. */
const OWN_CLOCKS = [
  "packages/kernel/src/clock.ts",
  "packages/testkit/",
  "packages/sandbox/",
  "apps/cli/launch/",
];
const MAY_WAIT_BLINDLY = ["packages/kernel/src/sleep.ts", "packages/testkit/", "apps/cli/launch/"];

/** All broken rules of one file, each as a sentence with its place; empty for a clean file. */
export function checkSource(source: Source): string[] {
  const parsed = parseFile(source.file, source.text);
  return [
    ...parsed.imports.flatMap((each) =>
      checkImport(source, each).map((problem) => `${source.file}:${each.line} ${problem}`),
    ),
    ...checkWaits(source.file, parsed),
    ...checkClock(source.file, parsed),
    ...checkShape(source, parsed),
    ...checkOpeners(source.file, source.text),
    ...checkPaths(source.file, source.text),
  ];
}

/** Forbidden edges of a package.json, used or not. */
export function checkManifest(dir: string, manifest: Manifest): string[] {
  const allowed = WORKSPACE_IMPORTS[dir];
  if (allowed === undefined) return [`${dir} has no line in architecture-table.ts`];
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).flatMap(
    (name) => checkEdge(dir, name).map((problem) => `${dir}/package.json ${problem}`),
  );
}

function checkImport(source: Source, { specifier }: Import): string[] {
  if (specifier === "<computed>") return ["imports a computed name, which nothing can check"];
  if (isBuiltin(specifier)) return [];
  const owner = ownerOf(source.file);
  if (specifier.startsWith(".") || specifier.startsWith("/"))
    return checkRelative(source.file, owner, specifier);
  const name = packageName(specifier);
  const own = SCOPE + owner.split("/")[1];
  if (name === own)
    return isTest(source.file) ? [] : [`imports ${name}, which is itself; use a relative path`];
  if (isTest(source.file))
    return isDeclared(name, [source.manifest, source.rootManifest])
      ? []
      : [`imports ${name}, which no package.json declares`];
  const { dependencies, optionalDependencies } = source.manifest;
  if (!Object.hasOwn({ ...dependencies, ...optionalDependencies }, name) && name !== "vitest")
    return [`imports ${name}, which ${owner} does not declare`];
  return checkEdge(owner, name);
}

function checkEdge(owner: string, name: string): string[] {
  if (name.startsWith(SCOPE)) {
    const allowed = WORKSPACE_IMPORTS[owner] ?? [];
    return allowed.includes(name.slice(SCOPE.length))
      ? []
      : [`${owner} must not depend on ${name}`];
  }
  const owners = VENDOR_OWNERS[name];
  if (owners === undefined) return [`${name} has no owner in architecture-table.ts`];
  return owners.includes(owner)
    ? []
    : [`${name} belongs to ${owners.join(" and ")}, not to ${owner}`];
}

function checkRelative(file: string, owner: string, specifier: string): string[] {
  const target = path.posix.join(path.posix.dirname(file), specifier);
  if (owner === "tests" || target.startsWith(`${owner}/`)) return [];
  return [`reaches into ${target} by a relative path`];
}

function checkWaits(file: string, { blindWaits }: ParsedFile): string[] {
  if (isTest(file) || MAY_WAIT_BLINDLY.some((place) => file.startsWith(place))) return [];
  return blindWaits.map(
    ({ what, line }) =>
      `${file}:${line} waits by ${what}; use sleep(ms, signal) or withTimeout of @flotilla/kernel`,
  );
}

function checkClock(file: string, { clockReads }: ParsedFile): string[] {
  if (isTest(file) || OWN_CLOCKS.some((place) => file.startsWith(place))) return [];
  return clockReads.map(
    ({ what, line }) => `${file}:${line} reads ${what}; take a Clock of @flotilla/kernel`,
  );
}

/** Widest line of any text: the formatter leaves strings and regexes as they are. */
const WIDEST = 120;

function checkShape({ file, text }: Source, { nestedTernaries }: ParsedFile): string[] {
  const wide = text
    .split("\n")
    .flatMap((line, index) =>
      line.length > WIDEST
        ? [`${file}:${index + 1} is wider than ${WIDEST} characters; name parts of it, or break it`]
        : [],
    );
  const nested = nestedTernaries.map(
    (line) => `${file}:${line} has a ternary inside a ternary; name the inner one, or use if`,
  );
  return [...wide, ...nested];
}

/** Reading a path from a file URL by hand keeps %20 and %C3%BC and drops what follows # and ?. */
const URL_AS_PATH = [
  /import\.meta\s*\.\s*(?:url|resolve\s*\([^)]*\))\s*,?\s*\)\s*\.\s*(?:pathname|href)\b/,
  /import\.meta\s*\.\s*(?:url|resolve\s*\([^)]*\))\s*\.\s*(?:slice|substring|replace|replaceAll|split)\b/,
  /["'`]file:\/\/(?:["'`]\s*\+|\/?\$\{)/,
];

function checkPaths(file: string, text: string): string[] {
  return URL_AS_PATH.flatMap((pattern) => {
    const at = text.search(pattern);
    if (at < 0) return [];
    const line = text.slice(0, at).split("\n").length;
    return [
      `${file}:${line} takes a path out of a URL by hand; use fileURLToPath, pathToFileURL or ` +
        "import.meta.dirname",
    ];
  });
}

function ownerOf(file: string): string {
  const parts = file.split("/");
  return parts[0] === "apps" || parts[0] === "packages" ? parts.slice(0, 2).join("/") : "tests";
}

function isTest(file: string): boolean {
  return !/^(apps|packages)\//.test(file) || /^(apps|packages)\/[^/]+\/test\//.test(file);
}

function isDeclared(name: string, manifests: readonly Manifest[]): boolean {
  return manifests.some(({ dependencies = {}, devDependencies = {}, optionalDependencies = {} }) =>
    [dependencies, devDependencies, optionalDependencies].some((declared) =>
      Object.hasOwn(declared, name),
    ),
  );
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const NEAR_SESSIONS = /^(apps\/(worker|supervisor)|packages\/(session-store|sqlite))\/src\//;
const OPENS =
  /\b(readFile|readFileSync|copyFile|copyFileSync|cp|cpSync|open|openSync|createReadStream)\b/;

/** Opening and closing a session file beside SQLite drops the worker's lock. */
function checkOpeners(file: string, text: string): string[] {
  if (!NEAR_SESSIONS.test(file) || Object.hasOwn(FILE_OPENERS, file)) return [];
  const names = [...text.matchAll(/import\s+([^;]*?)\s+from\s+"(?:node:)?fs(?:\/promises)?"/g)].map(
    (match) => match[1] ?? "",
  );
  const opens = names.some((imported) => !imported.startsWith("{") || OPENS.test(imported));
  return opens
    ? [
        `${file} opens files by hand, near session files: use packages/sqlite, or say why in FILE_OPENERS`,
      ]
    : [];
}
