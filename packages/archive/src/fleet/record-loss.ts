import { existsSync } from "node:fs";
import { join } from "node:path";
import { openScratch } from "@flotilla/sqlite";
import { z } from "zod";

const Loss = z.object({ at: z.number() });

/**
 * When the host.db before the one in this folder was lost, in milliseconds since the epoch, while
 * an owner has not decided yet what comes back; null = there is no such loss.
 */
export function openLossIn(folder: string): number | null {
  const path = join(folder, "host.db");
  if (!existsSync(path)) return null;
  try {
    using db = openScratch(0);
    db.write("ATTACH DATABASE ? AS source", [path]);
    const row = db.readOne<{ body: string }>("SELECT body FROM source.loss");
    return row ? (Loss.safeParse(JSON.parse(row.body)).data?.at ?? null) : null;
  } catch {
    return null; // an older version that kept none, or a damaged file
  }
}
