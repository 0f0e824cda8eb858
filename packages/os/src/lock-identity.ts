import { statSync } from "node:fs";
import { processIdentity } from "./identity.ts";

/**
 * Identity of a locked file on this boot: a process that had the same one before is dead, because the
 * kernel gives its lock to one living process. Throws the system's error when the file is not
 * there.
 */
export function lockIdentity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${processIdentity(process.pid)?.bootId ?? "no-boot-id"}:${dev}:${ino}`;
}
