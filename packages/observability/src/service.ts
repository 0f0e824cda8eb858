import { constants } from "node:os";
import { AppError, Output, sleep, toError } from "@flotilla/kernel";
import type { Logger } from "./logger.ts";

/** A started service: its log, what to tell the parent, how to end it. */
export interface RunningService {
  readonly log: Logger;
  /** Sent to the parent with `kind: "ready"`. */
  readonly ready: Readonly<Record<string, string | number>>;
  close(): Promise<void>;
  /** A second signal came while it closes: end faster. Without it, the process ends at once. */
  hurry?(): void;
}

/** Sockets of libraries that close late must not keep a stopped service alive for longer. */
const LINGER_MS = 500;

/** A start that is under way when the service shall end is given so long to come to its end. */
const LEAVE_MS = 2000;

/**
 * Runs a service until SIGINT, SIGTERM or the end of its parent (closed IPC channel), then closes it and lets the
 * process end (the words of S2-35 in the log). A second signal hurries it, or ends it at once. A start that fails prints one plain text on stderr, tells the parent, and exits with 1.
 */
export async function runService(name: string, start: () => Promise<RunningService>): Promise<void> {
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
  // The parent may have gone before anybody listened: modules take their time to load.
  if (process.send && !process.connected) stop.resolve("parent gone");
  try {
    const service = await startOrLeave(start, stop.promise);
    tellParent({ kind: "ready", ...service.ready });
    const why = await stop.promise;
    service.log.info({ why }, `Received ${why}. Initiating graceful shutdown...`);
    hurry = service.hurry?.bind(service);
    asked = Math.max(asked, 1);
    await service.close();
    service.log.info("Shutdown complete");
    process.exitCode = 0;
  } catch (thrown) {
    const error = toError(thrown);
    const text = error instanceof AppError ? error.message : `${name} failed: ${error.stack ?? error.message}`;
    tellParent({ kind: "failed", message: text });
    new Output(2).write(`${text}\n`);
    process.exitCode = 1;
  } finally {
    if (process.connected) process.disconnect();
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

/** A start may wait for a Redis that never comes; a service that shall end must not wait with it. The kernel frees what it held. */
async function startOrLeave(start: () => Promise<RunningService>, stop: Promise<string>): Promise<RunningService> {
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

/** A parent that went during the start cannot be told; its end is heard of by the closed channel. */
function tellParent(message: Readonly<Record<string, string | number>>): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
