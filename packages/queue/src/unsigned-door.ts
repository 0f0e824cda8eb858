import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "@flotilla/kernel";

/** @NOTE Goes with version 0.3. Whether what version 0.1 wrote, without a signature, is still taken from a queue. */
export interface UnsignedDoor {
  isOpen(queue: string): boolean;
  /** Something signed came from this queue: its senders are of now, and who writes there as 0.1 did is none of them. */
  close(queue: string): void;
}

/** Remembered as an empty file per queue in this folder, so that a restart does not open it again; Redis could be told otherwise. */
export function doorIn(folder: string): UnsignedDoor {
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
        // A full disk: it stays closed as long as this process runs, and the next one closes it again.
      }
    },
  };
}
