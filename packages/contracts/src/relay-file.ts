import { join } from "node:path";

/**
 * Path of the file that `reader` has downloaded for outbox row `row`, below the folder that all
 * programs of a host share.
 */
export function relayFile(dataDir: string, reader: string, row: number, message: number): string {
  return join(relayFolder(dataDir, reader, row), String(message));
}

/** Folder of one outbox row, or of all rows of a reader. */
export function relayFolder(dataDir: string, reader: string, ...row: number[]): string {
  return join(dataDir, "relay-files", reader, ...row.map(String));
}
