import { AppError, toError } from "@flotilla/kernel";
import type { Logger } from "./logger.ts";

/** A started service: its log, what to tell the parent, how to end it. */
export interface RunningService {
  readonly log: Logger;
  /** Sent to the parent with `kind: "ready"`. */
  readonly ready: Readonly<Record<string, string | number>>;
  close(): Promise<void>;
}

/**
 * Runs a service until SIGINT, SIGTERM or the end of its parent (closed IPC channel), then closes it and lets the
 * process end. A second signal ends it at once. A start that fails prints one plain text on stderr, tells the parent, and exits with 1.
 */
export async function runService(name: string, start: () => Promise<RunningService>): Promise<void> {
  const stop = Promise.withResolvers<string>();
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(130);
    asked = true;
    stop.resolve(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  const parent = process.send ? () => stop.resolve("parent gone") : null;
  if (parent) process.once("disconnect", parent);
  try {
    const service = await start();
    tellParent({ kind: "ready", ...service.ready });
    const why = await stop.promise;
    service.log.info({ why }, `Received ${why}. Initiating graceful shutdown...`);
    asked = true;
    await service.close();
    service.log.info("Shutdown complete");
    process.exitCode = 0;
  } catch (thrown) {
    const error = toError(thrown);
    const text = error instanceof AppError ? error.message : `${name} failed: ${error.stack ?? error.message}`;
    tellParent({ kind: "failed", message: text });
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
    // Sockets of libraries that close late must not keep a stopped service alive.
    setTimeout(() => process.exit(), 2000).unref();
  }
}

/** A parent that went during the start cannot be told; its end is heard of by the closed channel. */
function tellParent(message: Readonly<Record<string, string | number>>): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
