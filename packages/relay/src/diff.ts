import type { Route } from "@flotilla/contracts";

/** Routes that applying a file adds, changes and removes. */
export interface RouteDiff {
  readonly added: readonly Route[];
  readonly changed: readonly { readonly before: Route; readonly after: Route }[];
  readonly removed: readonly Route[];
}

/** Compares two sets of routes by name. */
export function diffRoutes(now: readonly Route[], wanted: readonly Route[]): RouteDiff {
  const before = new Map(now.map((route) => [route.id, route]));
  const after = new Set(wanted.map(({ id }) => id));
  return {
    added: wanted.filter(({ id }) => !before.has(id)),
    changed: wanted.flatMap((route) => {
      const known = before.get(route.id);
      if (known && canonical(known) !== canonical(route)) return [{ before: known, after: route }];
      return [];
    }),
    removed: now.filter(({ id }) => !after.has(id)),
  };
}

/** The same text for the same route, in any order of its fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
