import { AppError } from "@flotilla/kernel";
import { openSessionWhenFree } from "../../src/index.ts";

/**
 * A process that uses a session as a worker does: `node owner-child.ts <data folder> <name>
 * [<OWNER_DIR>]`.
 */
const [dataDir = "", name = "", configured] = process.argv.slice(2);
const owner = { configured: configured ?? null, host: "host-a", dataDir };
try {
  const store = await openSessionWhenFree({
    dir: `${dataDir}/sessions`,
    name,
    fleetKey: Buffer.alloc(32, 1),
    owner,
    unannounced: true,
  });
  setInterval(() => {
    try {
      store.stillOwn();
    } catch (error) {
      process.stdout.write(`lost ${error instanceof AppError ? error.code : String(error)}\n`);
      process.exit(1);
    }
  }, 50);
  process.stdout.write(`owned ${store.fingerprint()}\n`);
} catch (error) {
  process.stdout.write(
    error instanceof AppError ? `refused ${error.code}: ${error.message}\n` : `${String(error)}\n`,
  );
  process.exitCode = 1;
}
