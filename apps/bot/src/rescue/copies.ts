import type { Copy as AnyCopy, GoodCopy as AnyGoodCopy } from "@flotilla/archive";
import { AppError } from "@flotilla/kernel";
import { openScratch } from "@flotilla/sqlite";
import { MIGRATIONS } from "../kit/schema.ts";

/** What the `control.db` of an archive holds. */
export interface CopyFacts {
  readonly workers: readonly string[];
  readonly routes: number;
  readonly admins: readonly CopiedAdmin[];
  readonly openAlerts: number;
}

/** An admin as an archive knows them. */
export interface CopiedAdmin {
  readonly id: string;
  readonly language: string | null;
  readonly zone: string | null;
}

/** An archive, and whether its `control.db` can be put back. */
export type Copy = AnyCopy<CopyFacts>;
/** An archive whose `control.db` can be put back. */
export type GoodCopy = AnyGoodCopy<CopyFacts>;

/** What the `control.db` at this path holds. Throws AppError `archive-newer`, `sqlite-*`. */
export function factsOf(path: string): CopyFacts {
  using db = openScratch(0);
  db.write("ATTACH DATABASE ? AS copy", [path]);
  const version = db.readOne<{ user_version: number }>("PRAGMA copy.user_version")?.user_version;
  if ((version ?? 0) > MIGRATIONS.length)
    throw new AppError("archive-newer", "a newer version of Flotilla made this archive");
  const workers = db.read<{ id: string }>("SELECT id FROM copy.worker ORDER BY id");
  const counts = db.readOne<{ routes: number; alerts: number }>(
    `SELECT (SELECT count(*) FROM copy.route) AS routes,
        (SELECT count(*) FROM copy.alert WHERE state = 'open') AS alerts`,
  );
  return {
    workers: workers.map(({ id }) => id),
    routes: counts?.routes ?? 0,
    admins: db.read<CopiedAdmin>("SELECT * FROM copy.admin").map(adminOf),
    openAlerts: counts?.alerts ?? 0,
  };
}

/** Versions before zones have none. */
function adminOf({ id, language, zone }: Partial<CopiedAdmin>): CopiedAdmin {
  return { id: id ?? "", language: language ?? null, zone: zone ?? null };
}
