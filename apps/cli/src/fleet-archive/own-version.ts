import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Version of this checkout, such as `1.0.0`. */
export function ownVersion(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly version: string;
  };
  return manifest.version;
}

/** Whether version `one` is newer than `other`; what follows the three numbers does not count. */
export function isNewer(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) =>
    version.split(/[.-]/, 3).map((part) => Number.parseInt(part, 10) || 0),
  );
  for (const n of [0, 1, 2]) {
    const difference = (a?.[n] ?? 0) - (b?.[n] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
