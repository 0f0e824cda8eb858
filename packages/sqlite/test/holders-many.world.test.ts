import { join } from "node:path";
import { findHolders } from "@flotilla/sqlite";
import { spawnProcess, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { legacy, pythonDatabase } from "./support/databases.ts";

test.runIf(process.platform === "linux")(
  "knows a lock while thousands of others come and go",
  async () => {
    const folder = await testDir();
    const path = join(folder, "old.session");
    pythonDatabase(path, "wal");
    const child = await legacy(path, "immediate");
    const program = join(import.meta.dirname, "fixtures", "many_locks.py");
    const others = [1, 2, 3, 4].map((n) =>
      spawnProcess("python3", [program, join(folder, `other${n}`), "1000"]),
    );
    await Promise.all(others.map((other) => other.waitForOutput("held")));
    for (let i = 0; i < 40; i++) {
      expect((await findHolders(path)).holders).toMatchObject([{ pid: child.pid, lock: "write" }]);
    }
  },
);
