import { assertNoUnfinishedRestore, finishPutBack } from "@flotilla/archive";
import { findFleetKeys, loadFleetKey, parseConfig, readEnv } from "@flotilla/config";
import { CLASS_ICONS } from "@flotilla/contracts";
import { createLogger, runService } from "@flotilla/observability";
import { unboundWarning } from "@flotilla/os";
import { assertOwnerDir, fittingFleetKey } from "@flotilla/session-store";
import { startSupervisor } from "./compose.ts";

await runService("supervisor", async () => {
  const cwd = process.cwd();
  const env = readEnv(cwd);
  const config = parseConfig(env, { cwd, role: "host" });
  const { fleetKey, dataDir } = config;
  fittingFleetKey(dataDir, () => loadFleetKey(fleetKey, dataDir), findFleetKeys(fleetKey, dataDir));
  assertNoUnfinishedRestore(dataDir);
  await finishPutBack({ dataDir, name: "host.db" });
  assertOwnerDir(config.ownerDir);
  const log = createLogger({ name: "supervisor", level: config.logLevel, icons: CLASS_ICONS });
  const unbound = unboundWarning();
  if (unbound !== null) log.warn(unbound);
  // A bug in reporting code must not end this process and all workers with it.
  process.on("unhandledRejection", (error) => log.error({ err: error }, "unhandled"));
  const supervisor = await startSupervisor(config, env, log);
  return {
    log,
    ready: { healthPort: supervisor.healthPort },
    ended: supervisor.ended,
    close: () => supervisor.close(),
    hurry: () => supervisor.hurry(),
  };
});
