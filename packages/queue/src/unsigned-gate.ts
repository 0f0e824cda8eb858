import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@flotilla/kernel";

/**
 * @NOTE Goes with version 0.3. Decides whether a queue still accepts the unsigned jobs of version
 * 0.1.
 */
export interface UnsignedGate {
  isOpen(queue: string): boolean;
  /**
   * Call it for the first signed job of this queue: its senders run the new version, and a later
   * unsigned job is forged.
   */
  close(queue: string): void;
}

/**
 * Gate that stores each closed queue as an empty file in this folder, so that it stays closed after
 * a restart; Redis could be manipulated.
 */
export function unsignedGate(folder: string): UnsignedGate {
  const closed = new Set<string>();
  return {
    isOpen: (queue) => !closed.has(queue) && !existsSync(join(folder, queue)),
    close: (queue) => {
      if (closed.has(queue)) return;
      closed.add(queue);
      try {
        makeFolder(folder, 0o700);
        writeFileSync(join(folder, queue), "", { mode: 0o600 });
      } catch {
        // On a full disk the queue stays closed in this process; the next process closes it again.
      }
    },
  };
}
