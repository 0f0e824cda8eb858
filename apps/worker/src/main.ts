import { parseArgs } from "node:util";
import { parseConfig, readProcessEnv } from "@flotilla/config";
import {
  CLASS_ICONS,
  type Fault,
  SupervisorToWorker,
  type WorkerToSupervisor,
} from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { createLogger, runService } from "@flotilla/observability";
import { classify } from "@flotilla/telegram";
import { startWorker } from "./compose.ts";
import type { Say } from "./process/heartbeat.ts";

/** Longest wait for a supervisor that does not read the last message. */
const LAST_WORDS_MS = 200;

const say: Say = (message) => {
  if (process.connected) process.send?.(message);
};

/** Exits without clean-up: the kernel frees sockets and locks at once for the next owner. */
const leave = (fault: Fault): void => {
  const gone = (): never => process.exit(1);
  if (!process.connected) gone();
  process.send?.({ kind: "fatal", fault } satisfies WorkerToSupervisor, undefined, undefined, gone);
  setTimeout(gone, LAST_WORDS_MS).unref();
};

await runService("worker", async () => {
  try {
    const { values } = parseArgs({
      options: { worker: { type: "string" }, fleet: { type: "string" } },
    });
    const worker = parseWorkerId(values.worker ?? "");
    const config = parseConfig(readProcessEnv(), { cwd: process.cwd(), role: "worker" });
    const log = createLogger({
      name: "worker",
      level: config.logLevel,
      fields: { worker },
      icons: CLASS_ICONS,
    });
    const running = await startWorker(worker, {
      config,
      log,
      say,
      leave,
      fleet: values.fleet ?? null,
    });
    process.on("message", (raw) => {
      const message = SupervisorToWorker.safeParse(raw);
      if (message.success) running.hear(message.data);
    });
    // The IPC channel must not keep a finished process alive.
    process.channel?.unref();
    return { log, ready: {}, close: () => running.close() };
  } catch (error) {
    say({ kind: "fatal", fault: classify(error) });
    throw error;
  }
});
