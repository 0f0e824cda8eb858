import { constants } from "node:os";
import { AppError, Output, sleep, toError } from "@flotilla/kernel";
import type { Logger } from "./logger.ts";

/** A started service: its log, its message for the parent, and how to end it. */
export interface RunningService {
  readonly log: Logger;
  /** Sent to the parent with `kind: "ready"`. */
  readonly ready: Readonly<Record<string, string | number>>;
  /**
   * Resolves when the service wants to end by itself, and with which exit code. Rejects when it
   * cannot work any more: the process ends as after a failed start.
   */
  readonly ended?: Promise<{ readonly why: string; readonly exitCode: number }>;
  close(): Promise<void>;
  /**
   * Called for a second signal during `close`: end faster. Without it, the process ends at once.
   */
  hurry?(): void;
}

/** Milliseconds after `close` until the process exits although sockets of libraries are open. */
const LINGER_MS = 500;

/** Milliseconds that a start under way gets to finish once the service must stop. */
const LEAVE_MS = 2000;

/**
 * Runs a service until SIGINT, SIGTERM, the end of its parent (closed IPC channel) or its own wish,
 * then closes it and lets the process end (the log texts of S2-35). A second signal calls `hurry`, or ends the
 * process at once. A failed start prints one plain text on stderr, tells the parent, and exits with
 * 1.
 */
export async function runService(
  name: string,
  start: () => Promise<RunningService>,
): Promise<void> {
  const stop = Promise.withResolvers<string>();
  let asked = 0;
  let hurry: (() => void) | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    asked += 1;
    if (asked > 2 || (asked === 2 && !hurry)) process.exit(130);
    if (asked === 2) hurry?.();
    else stop.resolve(`signal ${constants.signals[signal]}`);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  if (process.send) process.once("disconnect", () => stop.resolve("parent gone"));
  // The parent may have gone before the listener was added: modules take time to load.
  if (process.send && !process.connected) stop.resolve("parent gone");
  try {
    const service = await startOrLeave(start, stop.promise);
    tellParent({ kind: "ready", ...service.ready });
    const asksFor = (why: string) => ({ why, exitCode: 0 });
    const { why, exitCode } = await Promise.race([
      stop.promise.then(asksFor),
      ...(service.ended ? [service.ended] : []),
    ]);
    service.log.info({ why }, `Received ${why}. Initiating graceful shutdown...`);
    hurry = service.hurry?.bind(service);
    asked = Math.max(asked, 1);
    await service.close();
    service.log.info("Shutdown complete");
    process.exitCode = exitCode;
  } catch (thrown) {
    const error = toError(thrown);
    const text =
      error instanceof AppError ? error.message : `${name} failed: ${error.stack ?? error.message}`;
    tellParent({ kind: "failed", message: text });
    new Output(2).write(`${text}\n`);
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

/**
 * Stops waiting for a start when the service must end: the start may wait for a Redis that never
 * comes. The kernel frees its resources.
 */
async function startOrLeave(
  start: () => Promise<RunningService>,
  stop: Promise<string>,
): Promise<RunningService> {
  const started = new AbortController();
  const leave = stop.then(() => sleep(LEAVE_MS, started.signal));
  leave.then(
    () => process.exit(1),
    () => {},
  );
  try {
    return await start();
  } finally {
    started.abort();
  }
}

/** Ignores a parent that went during the start; the closed channel reports its end. */
function tellParent(message: Readonly<Record<string, string | number>>): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
