import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";

const Manifest = z.object({ version: z.string() });
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      optional: z.boolean().optional(),
      devOptional: z.boolean().optional(),
    }),
  ),
});
type Packages = z.infer<typeof Lock>["packages"];

/**
 * Version and commit of a checkout, read from its files; `commit` null = it is no git checkout.
 * Null = there is no readable package.json.
 */
export function programAt(
  root: string,
): { readonly version: string; readonly commit: string | null } | null {
  const manifest = Manifest.safeParse(readJson(join(root, "package.json"))).data;
  return manifest ? { version: manifest.version, commit: commitOf(root) } : null;
}

/**
 * Packages that package-lock.json of a checkout asks for and node_modules does not hold; null = one
 * of the two cannot be read.
 */
export function missingPackages(root: string): readonly string[] | null {
  const path = join(root, "package-lock.json");
  const stamp = readText(join(root, "node_modules", ".flotilla-installed"));
  const lock = readText(path);
  if (lock !== null && stamp === createHash("sha256").update(lock).digest("hex")) return [];
  const wanted = packagesIn(path);
  const present = packagesIn(join(root, "node_modules", ".package-lock.json"));
  if (wanted === null || present === null) return null;
  return Object.entries(wanted).flatMap(([name, entry]) => {
    if (!name.startsWith("node_modules/") && !name.includes("/node_modules/")) return [];
    const there = present[name];
    if (!there) return entry.optional || entry.devOptional ? [] : [shortName(name)];
    return there.version === entry.version ? [] : [shortName(name)];
  });
}

/** Value of `FLOTILLA_KEPT_BY`: what starts this process again when it ends; null = not said. */
export function keptBy(): string | null {
  return process.env["FLOTILLA_KEPT_BY"] || null;
}

function shortName(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

function packagesIn(path: string): Packages | null {
  return Lock.safeParse(readJson(path)).data?.packages ?? null;
}

/** The commit of HEAD, also of a linked worktree and of packed references. */
function commitOf(root: string): string | null {
  const folder = gitFolder(root);
  if (folder === null) return null;
  const head = readText(join(folder, "HEAD"))?.trim() ?? "";
  const name = /^ref: (.+)$/.exec(head)?.[1];
  if (name === undefined) return asCommit(head);
  const common = readText(join(folder, "commondir"))?.trim();
  const shared = common === undefined ? folder : resolve(folder, common);
  for (const place of [folder, shared]) {
    const commit = asCommit(readText(join(place, name))?.trim() ?? "");
    if (commit !== null) return commit;
  }
  const packed = readText(join(shared, "packed-refs"))?.split("\n") ?? [];
  const line = packed.find((each) => each.endsWith(` ${name}`));
  return asCommit(line?.split(" ")[0] ?? "");
}

/** A linked worktree has a file that names its folder. */
function gitFolder(root: string): string | null {
  const path = join(root, ".git");
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return path;
  const named = /^gitdir: (.+)$/m.exec(readText(path) ?? "")?.[1];
  return named === undefined ? null : resolve(dirname(path), named.trim());
}

function asCommit(text: string): string | null {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : null;
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path) ?? "null");
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
