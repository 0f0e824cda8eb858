import { appendFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { AppError, makeFolder } from "@flotilla/kernel";
import { systemUser } from "@flotilla/os";
import type { Place } from "../place/place.ts";

/**
 * Records an export before the key leaves the fleet: one JSON line in `<DATA_DIR>/audit.jsonl`
 * (0600). Commands of the chat are in `control.db` instead. Throws AppError `audit-failed`; the
 * caller must then export nothing.
 */
export function audit({ dataDir }: Place, entry: Readonly<Record<string, string>>): void {
  const path = join(dataDir, "audit.jsonl");
  const line = { at: new Date().toISOString(), user: systemUser().name, ...entry };
  try {
    makeFolder(dataDir, 0o700);
    appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
    chmodSync(path, 0o600);
  } catch (cause) {
    const text =
      `The audit (${path}) cannot be written, so nothing was done. Check the disk and the ` +
      "permissions.";
    throw new AppError("audit-failed", text, { cause });
  }
}
