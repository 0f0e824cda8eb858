import { createHash } from "node:crypto";

/**
 * A fleet key and its source. `env` = FLEET_KEY, in the environment or `.env`; `file` = the file
 * `where`.
 */
export interface FoundKey {
  readonly from: "env" | "file";
  readonly where: string;
  readonly key: Buffer;
}

/**
 * Public id of a fleet key: tells which key sealed or signed a value, and reveals nothing of the
 * key.
 */
export function fleetKeyId(fleetKey: Buffer): string {
  return createHash("sha256")
    .update("flotilla-fleet-key-id\0")
    .update(fleetKey)
    .digest("hex")
    .slice(0, 16);
}
