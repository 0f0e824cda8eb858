import { Route } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";

/** Which routes one reader has to know, and whether it was told. */
export interface ReaderRow {
  readonly worker: WorkerId;
  readonly version: number;
  readonly told: number;
}

/** All routes of the fleet. The bot is their only writer; readers work by copies with a version. */
export class RouteStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  all(): Route[] {
    return this.#db
      .read<{ body: string }>("SELECT body FROM route ORDER BY rowid")
      .map(({ body }) => Route.parse(JSON.parse(body)));
  }

  find(id: string): Route | null {
    const row = this.#db.readOne<{ body: string }>("SELECT body FROM route WHERE id = ?", [id]);
    return row ? Route.parse(JSON.parse(row.body)) : null;
  }

  of(worker: WorkerId): Route[] {
    return this.all().filter(({ from }) => from.worker === worker);
  }

  /**
   * Makes these the routes of the fleet. Readers whose routes changed get a new version: a time
   * (milliseconds since the epoch), so that it grows even when this database was lost. Returns
   * whether anything changed.
   */
  replace(routes: readonly Route[], now: number): boolean {
    return this.#db.transaction(() => {
      const before = byReader(this.all());
      const after = byReader(routes);
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
        (worker) => before.get(worker) !== after.get(worker),
      );
      if (changed.length === 0) return false;
      this.#db.write("DELETE FROM route");
      for (const route of routes)
        this.#db.write("INSERT INTO route (id, reader, body) VALUES (?, ?, ?)", [
          route.id,
          route.from.worker,
          JSON.stringify(route),
        ]);
      const sql = `INSERT INTO route_reader (worker, version, told) VALUES (:worker, :now, 0)
        ON CONFLICT (worker) DO UPDATE SET version = max(version + 1, :now), told = 0`;
      for (const worker of changed) this.#db.write(sql, { worker, now });
      return true;
    });
  }

  /** Version of the newest change; 0 = there never was one. */
  version(): number {
    return (
      this.#db.readOne<{ version: number | null }>(
        "SELECT max(version) AS version FROM route_reader",
      )?.version ?? 0
    );
  }

  readers(): ReaderRow[] {
    return this.#db
      .read<{ worker: string; version: number; told: number }>(
        "SELECT worker, version, told FROM route_reader ORDER BY worker",
      )
      .map((row) => ({ ...row, worker: parseWorkerId(row.worker) }));
  }

  /**
   * A reader has a version that this list never gave out: the next one is higher, and it is told.
   */
  outbid(worker: WorkerId, version: number): void {
    this.#db.write(
      "UPDATE route_reader SET version = max(version, ?) , told = 0 WHERE worker = ?",
      [version, worker],
    );
  }

  /** The message with this version is on its way to its reader. */
  told(worker: WorkerId, version: number): void {
    this.#db.write("UPDATE route_reader SET told = ? WHERE worker = ?", [version, worker]);
  }
}

function byReader(routes: readonly Route[]): Map<WorkerId, string> {
  const groups = Map.groupBy(routes, ({ from }) => from.worker);
  return new Map([...groups].map(([worker, group]) => [worker, JSON.stringify(group)]));
}
