import path from "node:path";
import { parseFile } from "./imports.ts";

/**
 * Entry files of a package or a feature: only what stands above imports them, so they belong to no
 * folder.
 */
const ENTRIES = /(?:^|\/)(?:index|main|compose|assemble|feature)\.ts$/;

/**
 * Circles of folders in one package: folders that import each other, directly or through others.
 * Type-only imports count. `sources` maps a path below `src` to its text; a file directly in `src`
 * belongs to `.`.
 */
export function folderCircles(sources: ReadonlyMap<string, string>): string[][] {
  const edges = new Map<string, Set<string>>();
  for (const [file, text] of sources) {
    if (ENTRIES.test(file)) continue;
    const from = path.posix.dirname(file);
    const to = edges.get(from) ?? new Set();
    edges.set(from, to);
    for (const { specifier } of parseFile(file, text).imports) {
      const target = path.posix.join(from, specifier);
      if (specifier.startsWith(".") && sources.has(target)) to.add(path.posix.dirname(target));
    }
  }
  const reach = new Map([...edges.keys()].map((folder) => [folder, reachable(edges, folder)]));
  const isTogether = (a: string, b: string): boolean =>
    reach.get(a)?.has(b) === true && reach.get(b)?.has(a) === true;
  const seen = new Set<string>();
  return [...edges.keys()].sort().flatMap((folder) => {
    if (seen.has(folder)) return [];
    const circle = [...edges.keys()]
      .filter((other) => other === folder || isTogether(folder, other))
      .sort();
    for (const each of circle) seen.add(each);
    return circle.length > 1 ? [circle] : [];
  });
}

/** Folders reachable from `start` through imports, in one step or more. */
function reachable(edges: ReadonlyMap<string, ReadonlySet<string>>, start: string): Set<string> {
  const found = new Set<string>();
  const open = [...(edges.get(start) ?? [])].filter((folder) => folder !== start);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(edges.get(next) ?? []));
  }
  return found;
}

/**
 * Imports that point upwards: from the layer `below` to any other, or from any other to the layer
 * `above`. Type-only imports count. Files directly in `src` stand above all.
 */
export function upwardImports(
  sources: ReadonlyMap<string, string>,
  { below, above }: { readonly below: string; readonly above: string },
): string[] {
  const layerOf = (file: string): 0 | 1 | 2 | 3 => {
    const [folder, ...rest] = file.split("/");
    if (rest.length === 0) return 3;
    if (folder === below) return 0;
    return folder === above ? 2 : 1;
  };
  return [...sources].flatMap(([file, text]) =>
    parseFile(file, text).imports.flatMap(({ specifier }) => {
      const target = path.posix.join(path.posix.dirname(file), specifier);
      const isUpwards = sources.has(target) && layerOf(target) > layerOf(file);
      return specifier.startsWith(".") && isUpwards ? [`${file} imports ${target}`] : [];
    }),
  );
}
