import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** The checkout under test. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

const SKIPPED = new Set(["node_modules", ".git", ".cache", "data", "coverage", "seeds", "images"]);

/** The part of a package.json that the rules check. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  /** Importers must work without these where they cannot be installed. */
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package or app of the workspace. */
export interface Member {
  /** `packages/queue` */
  readonly dir: string;
  readonly manifest: Manifest;
}

/** Every tracked file of the checkout, as a path from the root with `/`. */
export function listFiles(dir = ""): string[] {
  return readdirSync(path.join(ROOT, dir), { withFileTypes: true }).flatMap((entry) => {
    const file = dir === "" ? entry.name : `${dir}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : listFiles(file);
    return entry.isFile() && entry.name !== ".env" && !entry.name.endsWith(".log") ? [file] : [];
  });
}

/** Packages and apps, by their folders. */
export function listMembers(): Member[] {
  return ["apps", "packages"].flatMap((group) =>
    readdirSync(path.join(ROOT, group)).map((name) => ({
      dir: `${group}/${name}`,
      manifest: readManifest(`${group}/${name}`),
    })),
  );
}

/** The root's package.json, or a member's. */
export function readManifest(dir = ""): Manifest {
  return JSON.parse(readText(path.posix.join(dir, "package.json"))) as Manifest;
}

/** A file of the checkout as text. */
export function readText(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}
