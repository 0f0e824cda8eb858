import {
  STATE_TABLE,
  STATUS_STALE_MS,
  stateIcon,
  stateWords,
  urgency,
  type WorkerStatus,
} from "@flotilla/contracts";
import { AppError, toError } from "@flotilla/kernel";
import { fleetOnRedis, notRunning } from "../place/fleet-place.ts";
import type { Place } from "../place/place.ts";
import { type Answer, noMoreThan, type Verb } from "./verb.ts";

const USAGE = `Usage: flotilla status [worker] [--json]

The state of every worker, as its supervisor last reported it: the same as on the cards of the chat. Changes nothing.
Exit code 1 when a worker needs an admin, or when nothing runs.
`;

const CANNOT_ASK: ReadonlySet<string> = new Set(["redis-away", "no-fleet"]);

export const statusVerb: Verb = {
  name: "status",
  usage: USAGE,
  options: {},
  async run(call): Promise<Answer> {
    noMoreThan(call, 1);
    const wanted = call.words[0] ?? "";
    const now = call.place.clock.now();
    const all = await readStatuses(call.place);
    const shown = all.filter(({ worker }) => worker.includes(wanted));
    if (shown.length === 0) throw nothing(wanted, all.length);
    const trouble = shown.filter(
      (status) => isStale(status, now) || STATE_TABLE[status.state].needs === "admin",
    );
    const width = Math.max(...shown.map(({ worker }) => worker.length));
    return {
      exitCode: trouble.length > 0 ? 1 : 0,
      text: shown.map((status) => `${line(status, now, width)}\n`).join(""),
      data: { workers: shown.map((status) => ({ ...status, stale: isStale(status, now) })) },
    };
  },
};

/** All statuses, problems first, then by name. Throws AppError `not-running` without Redis. */
export async function readStatuses(place: Place): Promise<WorkerStatus[]> {
  const { StatusReader } = await import("@flotilla/queue");
  const fleet = await fleetOnRedis(place).catch((error: unknown) => {
    throw error instanceof AppError && CANNOT_ASK.has(error.code)
      ? notRunning(reasonOf(error.cause ?? error))
      : error;
  });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  const reader = new StatusReader(fleet, (error) => reject(notRunning(reasonOf(error))));
  try {
    await Promise.race([reader.ready(), failed]);
    const statuses = [...(await reader.all()).values()];
    return statuses.sort(
      (a, b) => urgency(a.state) - urgency(b.state) || a.worker.localeCompare(b.worker),
    );
  } finally {
    failed.catch(() => {});
    reader.close();
  }
}

function line(status: WorkerStatus, now: number, width: number): string {
  const { worker, host, state, since, pid, fault } = status;
  if (isStale(status, now)) {
    const silent = duration(now - status.updatedAt);
    return `❔ ${worker.padEnd(width)}  no report for ${silent} (was: ${stateWords(state)})  ${host}`;
  }
  const who = pid === null ? "no process" : `pid ${pid}`;
  const why = fault ? `  ${fault.code}: ${fault.message}` : "";
  return (
    `${stateIcon(state)} ${worker.padEnd(width)}  ${stateWords(state)} for ` +
    `${duration(now - since)}  ${host}, ${who}${why}`
  );
}

/** True when the status is too old to be trusted: its supervisor stopped refreshing it. */
export function isStale({ updatedAt }: WorkerStatus, now: number): boolean {
  return now - updatedAt > STATUS_STALE_MS;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

function nothing(wanted: string, known: number): AppError {
  if (known === 0)
    return new AppError("no-workers", "There are no workers yet. Press ➕ Add in the chat.");
  return new AppError("no-such-worker", `No worker has "${wanted.slice(0, 40)}" in its name.`);
}

function reasonOf(error: unknown): string {
  const { code, message }: NodeJS.ErrnoException = toError(error);
  return `Redis: ${code ?? message}`;
}
