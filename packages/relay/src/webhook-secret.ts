import { hkdfSync } from "node:crypto";

/**
 * The secret of a route's webhook: derived from the fleet key, so that it is never stored or sent.
 */
export function webhookSecret(fleetKey: Buffer, route: string): string {
  return Buffer.from(hkdfSync("sha256", fleetKey, "", `flotilla webhook 1 ${route}`, 32)).toString(
    "hex",
  );
}
