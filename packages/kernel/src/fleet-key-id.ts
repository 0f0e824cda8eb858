import { createHash } from "node:crypto";

/** Short public name of a fleet key, to tell which one sealed or signed something. Says nothing about the key. */
export function fleetKeyId(fleetKey: Buffer): string {
  return createHash("sha256").update("flotilla-fleet-key-id\0").update(fleetKey).digest("hex").slice(0, 16);
}
