import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import type { Secret } from "./secret.ts";

/**
 * The 32 bytes that encrypt sessions: from FLEET_KEY, else from `<dataDir>/fleet.key` (0600), which is made when
 * absent. Throws AppError `bad-fleet-key` when the file is damaged or open to others: losing it loses the sessions.
 */
export function loadFleetKey(configured: Secret | null, dataDir: string): Buffer {
  if (configured) return decode(configured.reveal());
  const path = join(dataDir, "fleet.key");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${randomBytes(32).toString("hex")}\n`, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new AppError("bad-fleet-key", `The key file ${path} is readable by others. Run: chmod 600 ${path}`);
  }
  const key = decode(readFileSync(path, "utf8").trim());
  if (key.length !== 32)
    throw new AppError(
      "bad-fleet-key",
      `The key file ${path} is damaged. Restore it from your backup: without it the sessions cannot be read.`,
    );
  return key;
}

function decode(text: string): Buffer {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
  // Decoding leniently would make 32 bytes of a hexadecimal key that was cut to 43 characters.
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, "base64") : Buffer.alloc(0);
}
