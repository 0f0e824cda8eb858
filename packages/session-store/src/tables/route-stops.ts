import type { Database } from "@flotilla/sqlite";

/**
 * A route that stopped itself, or (`code` null) one that an admin let go on. `at`: milliseconds
 * since the Unix epoch.
 */
export interface RouteStop {
  readonly code: string | null;
  readonly at: number;
}

/**
 * Routes that stopped themselves until an admin looks. Synchronous and durable; AppError
 * `sqlite-*`.
 */
export class RouteStops {
  readonly #db: Database;
  readonly #known: Map<string, RouteStop>;

  constructor(db: Database) {
    this.#db = db;
    const rows = db.read<RouteStop & { route: string }>("SELECT route, code, at FROM route_stop");
    this.#known = new Map(rows.map(({ route, code, at }) => [route, { code, at }]));
  }

  get(route: string): RouteStop | null {
    return this.#known.get(route) ?? null;
  }

  set(route: string, stop: RouteStop): void {
    this.#db.write("INSERT OR REPLACE INTO route_stop VALUES (?, ?, ?)", [
      route,
      stop.code,
      stop.at,
    ]);
    this.#known.set(route, stop);
  }

  clear(route: string): void {
    if (!this.#known.delete(route)) return;
    this.#db.write("DELETE FROM route_stop WHERE route = ?", [route]);
  }
}
