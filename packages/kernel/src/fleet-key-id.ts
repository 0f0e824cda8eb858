import { createHash } from "node:crypto";

/** A fleet key that was found, and where. `env` = FLEET_KEY, in the environment or `.env`; `file` = the file `where`. */
export interface FoundKey {
  readonly from: "env" | "file";
  readonly where: string;
  readonly key: Buffer;
}

/** Short public name of a fleet key, to tell which one sealed or signed something. Says nothing about the key. */
export function fleetKeyId(fleetKey: Buffer): string {
  return createHash("sha256").update("flotilla-fleet-key-id\0").update(fleetKey).digest("hex").slice(0, 16);
}
