import { parseArgs } from "node:util";
import { parseConfig, readProcessEnv } from "@flotilla/config";
import type { Fault } from "@flotilla/contracts";
import { AppError, parseWorkerId } from "@flotilla/kernel";
import { createLogger, runService } from "@flotilla/observability";
import { classify } from "@flotilla/telegram";
import { startWorker } from "./compose.ts";
import type { Say } from "./heartbeat.ts";

const say: Say = (message) => {
  if (process.connected) process.send?.(message);
};

await runService("worker", async () => {
  try {
    const { values } = parseArgs({ options: { worker: { type: "string" } } });
    const worker = parseWorkerId(values.worker ?? "");
    const config = parseConfig(readProcessEnv(), { cwd: process.cwd(), role: "worker" });
    const log = createLogger({ name: "worker", level: config.logLevel, fields: { worker } });
    const running = await startWorker(worker, config, log, say);
    return { log, ready: {}, close: () => running.close() };
  } catch (error) {
    say({ kind: "fatal", fault: faultOfStart(error) });
    throw error;
  }
});

/** A configuration that is wrong stays wrong: no restart helps. */
function faultOfStart(error: unknown): Fault {
  const config =
    error instanceof AppError && ["bad-config", "bad-worker-id", "bad-fleet-key", "env-unreadable"].includes(error.code);
  return config ? { class: "CONFIG", code: error.code, message: error.message.slice(0, 500) } : classify(error);
}
