import type { Fault } from "@flotilla/contracts";
import { systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type OwnerPlace, openSessionWhenFree, type SessionStore } from "@flotilla/session-store";
import { type HolderReport, lockedBy, mainHolder } from "@flotilla/sqlite";
import { classify } from "@flotilla/telegram";

export interface OwnSessionOptions {
  readonly dir: string;
  readonly worker: WorkerId;
  readonly fleetKey: Buffer;
  readonly owner: OwnerPlace;
  readonly log: Logger;
  /** Longest wait for the holder of the file, in milliseconds. */
  readonly budgetMs: number;
  /** Called with a fault that names the holder: at once, when the holder changes and every 5 s. */
  readonly onLocked: (fault: Fault) => void;
}

/**
 * Takes the session until this process ends. Waits for a holder without blocking the event loop and
 * names it from the first refusal on. Throws AppError `sqlite-locked` with the holder when the
 * budget is used up, and `session-owned` when another process of this machine uses its key from
 * another file.
 */
export async function ownSession(options: OwnSessionOptions): Promise<SessionStore> {
  const { dir, worker, fleetKey, owner, log, budgetMs, onLocked } = options;
  const started = systemClock.monotonicMs();
  let waited = false;
  const onWait = (report: HolderReport, waitedMs: number): void => {
    waited = true;
    log.warn(
      { operation: "open", waitedMs: Math.round(waitedMs), ...holderFields(report) },
      "💾 waiting for the session file",
    );
    onLocked(classify(lockedBy(report, waitedMs)));
  };
  const store = await openSessionWhenFree({ dir, name: worker, fleetKey, owner, budgetMs, onWait });
  if (waited)
    log.info(
      { operation: "open", waitedMs: Math.round(systemClock.monotonicMs() - started) },
      "💾 the session file is free again",
    );
  return store;
}

function holderFields(report: HolderReport): Readonly<Record<string, string | number | null>> {
  const holder = mainHolder(report);
  if (!holder) return { holder: null, notVisible: report.notVisible };
  return {
    holder: holder.pid,
    command: holder.commandLine,
    state: holder.state,
    lock: holder.lock,
  };
}
