import { createHash } from "node:crypto";

/**
 * A source's name, short enough for a button; a list that changed meanwhile is then no reason to
 * hit another one.
 */
export function sourceKey(ref: string): string {
  const digest = createHash("sha256").update(ref).digest();
  return digest.readUInt32BE(0).toString(36) + digest.readUInt32BE(4).toString(36).slice(0, 4);
}
