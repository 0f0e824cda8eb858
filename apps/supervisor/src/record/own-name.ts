import { AppError, type HostId } from "@flotilla/kernel";
import type { HostDb } from "./host-db.ts";

/**
 * The workers of a data folder are entered in the chat under the name of its host: another name
 * would leave them without one. Throws AppError `host-id-changed`. A folder without workers, or of
 * a version that kept no name, takes the new name.
 */
export function assertSameHost(db: Pick<HostDb, "fleet" | "workers" | "path">, host: HostId): void {
  const before = keptName(db.fleet()) ?? host;
  const count = db.workers().length;
  if (before === host || count === 0) return;
  const text =
    `This data folder is that of the host "${before}", and this start calls it "${host}" ` +
    `(${db.path}). The chat has its ${count} workers under "${before}", and would lose them. ` +
    `Set HOST_ID=${before} in .env, then start again: HOST_ID is a name for the chat and need not ` +
    "be that of the machine. Nothing was changed.";
  throw new AppError("host-id-changed", text, { details: { before, host } });
}

function keptName(fleet: unknown): string | null {
  if (typeof fleet !== "object" || fleet === null || !("host" in fleet)) return null;
  return typeof fleet.host === "string" ? fleet.host : null;
}
