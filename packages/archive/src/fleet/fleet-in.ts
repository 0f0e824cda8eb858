import { existsSync } from "node:fs";
import { join } from "node:path";
import { openScratch } from "@flotilla/sqlite";
import { z } from "zod";
import { Manifest } from "../format/manifest.ts";

/** Where the databases keep the identity of the fleet, as JSON. */
const PLACES = [
  { file: "control.db", sql: "SELECT value AS kept FROM source.setting WHERE name = 'fleet'" },
  { file: "host.db", sql: "SELECT body AS kept FROM source.fleet" },
] as const;

const Kept = z.object({ kept: z.string() });

/** The fleet that the copies in a folder belong to; null when none of them says it. */
export function fleetIn(folder: string): Manifest["fleet"] {
  for (const { file, sql } of PLACES) {
    const path = join(folder, file);
    const fleet = existsSync(path) ? read(path, sql) : null;
    if (fleet) return fleet;
  }
  return null;
}

function read(path: string, sql: string): Manifest["fleet"] {
  try {
    using db = openScratch(0);
    db.write("ATTACH DATABASE ? AS source", [path]);
    const row = Kept.safeParse(db.readOne(sql)).data;
    return row ? (Manifest.shape.fleet.safeParse(JSON.parse(row.kept)).data ?? null) : null;
  } catch {
    return null; // an older version that kept none, or a damaged file
  }
}
