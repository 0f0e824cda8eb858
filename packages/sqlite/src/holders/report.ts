import { AppError } from "@flotilla/kernel";
import type { SqliteErrorCode } from "../base/errors.ts";
import type { Holder, HolderReport } from "./holders.ts";

/**
 * The error `sqlite-locked` of a file. Names the holder in message and details (`holderPid`,
 * `holderCommand`, `holderSince` in ms since the Unix epoch, `holderUser`, `holderHost`,
 * `holderState`, `holderLock`, `holderOurs`, `holders` = their number, `notVisible`, `waitedMs`).
 */
export function lockedBy(report: HolderReport, waitedMs: number, cause?: unknown): AppError {
  const first = mainHolder(report);
  const message = first
    ? `The database is held by ${describeHolder(first)}. ${remedy(first)}`
    : `The database is held by another process. ${report.notVisible ?? "It could not be found."} ` +
      "Never delete the file or its journal.";
  return new AppError<SqliteErrorCode>("sqlite-locked", message, {
    cause,
    details: {
      path: report.path,
      waitedMs: Math.round(waitedMs),
      ...detailsOf(first),
      holders: report.holders.length,
      notVisible: report.notVisible,
    },
  });
}

/**
 * The holder that blocks: the strongest lock of another process, or of this one when there is no
 * other.
 */
export function mainHolder(report: HolderReport): Holder | undefined {
  return report.holders.find((holder) => holder.pid !== process.pid) ?? report.holders[0];
}

function describeHolder(holder: Holder): string {
  if (holder.pid === process.pid) return "this process itself";
  const state = holder.state === "running" ? "" : `, ${holder.state}`;
  const since =
    holder.startedAt === null ? "" : `, since ${new Date(holder.startedAt).toISOString()}`;
  return (
    `pid ${holder.pid} \`${holder.commandLine ?? "(not visible)"}\` (user ` +
    `${holder.user ?? "unknown"}${state}${since})`
  );
}

function remedy(holder: Holder): string {
  if (holder.ours === "yes")
    return "It is one of ours and can be stopped. Never delete the file or its journal.";
  if (holder.ours === "unknown")
    return "Stop that program first. Never delete the file or its journal.";
  return (
    "Stop that program first; programs that Flotilla did not start are never stopped by it. " +
    "Never delete the file or its journal."
  );
}

function detailsOf(holder: Holder | undefined): Record<string, string | number | null> {
  if (!holder) return {};
  return {
    holderPid: holder.pid,
    holderCommand: holder.commandLine,
    holderSince: holder.startedAt,
    holderUser: holder.user,
    holderHost: holder.host,
    holderState: holder.state,
    holderLock: holder.lock,
    holderOurs: holder.ours,
  };
}
