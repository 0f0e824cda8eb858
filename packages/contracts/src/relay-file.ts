import { join } from "node:path";

/**
 * Where a file lies that `reader` has downloaded for the row `row` of its outbox, below the folder
 * that all programs of a host share.
 */
export function relayFile(dataDir: string, reader: string, row: number, message: number): string {
  return join(relayFolder(dataDir, reader, row), String(message));
}

/** The folder of one row, or of a whole reader. */
export function relayFolder(dataDir: string, reader: string, ...row: number[]): string {
  return join(dataDir, "relay-files", reader, ...row.map(String));
}
