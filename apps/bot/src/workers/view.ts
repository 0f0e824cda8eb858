import type { WorkerStatus } from "@flotilla/contracts";
import { STATE_TABLE, stateIcon, urgency } from "@flotilla/contracts";
import type { RedisTrouble } from "@flotilla/queue";
import type { Verb } from "../kit/button.ts";
import type { Role } from "../kit/roles.ts";
import type { Html } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { CommandRow } from "./command-store.ts";
import type { WorkerRow } from "./worker-store.ts";

/** A mute or a maintenance window, of one worker or of all. */
export interface SilenceView {
  readonly kind: "mute" | "maintenance";
  readonly until: number;
  readonly by: string;
}

/** Numbers of one worker over the last 24 h. */
export interface DayView {
  readonly received: number;
  readonly relayed: number;
  /** Pauses that Telegram asked for, and the longest of them in milliseconds. */
  readonly waits: number;
  readonly longestWait: number;
}

/** One worker as screens see it. `status` is null when its host never reported it. */
export interface WorkerView extends WorkerRow {
  readonly status: WorkerStatus | null;
  /**
   * Its host is silent since then: `status` is what it said last. Null while it is heard, or while
   * Redis is away.
   */
  readonly staleSince: number | null;
  /** What it did in the last 24 h; null without any record. */
  readonly day: DayView | null;
  readonly command: CommandRow | null;
  readonly openAlerts: number;
  readonly silences: readonly SilenceView[];
}

/** Everything a screen may show; screens are functions of it. */
export interface FleetView {
  readonly now: number;
  /** The language of the reader. */
  readonly words: Words;
  /** The chat that reads. */
  readonly chat: string;
  readonly role: Role;
  /** Whether the reader's role may press this button. */
  readonly may: (verb: Verb) => boolean;
  readonly workers: readonly WorkerView[];
  readonly openAlerts: number;
  /** Why Redis is away: then the statuses are the last known ones. Null = it is there. */
  readonly trouble: RedisTrouble | null;
  /** Those of the whole fleet. */
  readonly silences: readonly SilenceView[];
}

/** Problems first, then by name. */
export function problemsFirst(workers: readonly WorkerView[]): WorkerView[] {
  const rank = ({ status, staleSince }: WorkerView): number =>
    status && staleSince === null ? urgency(status.state) : -1;
  return [...workers].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

/**
 * True when this worker is not as it should be, or its state is unknown: what mends it is an admin,
 * or time.
 */
export function isProblem({ status, staleSince }: WorkerView): boolean {
  return !status || staleSince !== null || STATE_TABLE[status.state].needs !== "nothing";
}

/** The icon of its state; a question mark when the state is unknown. */
export function iconOf({ status, staleSince }: Pick<WorkerView, "status" | "staleSince">): string {
  return status && staleSince === null ? stateIcon(status.state) : "❔";
}

/**
 * Workers whose name, label or tag has this text; an exact name stands alone, and `#eu` is the
 * whole tag.
 */
export function matching<T extends Pick<WorkerView, "id" | "label" | "tags">>(
  workers: readonly T[],
  text: string,
): T[] {
  const wanted = text.trim().toLowerCase();
  if (wanted.startsWith("#"))
    return workers.filter((worker) => worker.tags.includes(wanted.slice(1)));
  const exact = workers.filter((worker) => worker.id === wanted);
  if (exact.length > 0) return exact;
  return workers.filter((worker) =>
    [worker.id, worker.label ?? "", ...worker.tags].some((name) =>
      name.toLowerCase().includes(wanted),
    ),
  );
}

/** The name as people see it. */
export function nameOf(worker: Pick<WorkerView, "id" | "label">): string {
  return worker.label === null ? worker.id : `${worker.label} (${worker.id})`;
}

/** A line for each host that was not heard for too long, with what is not known because of it. */
export function silentHosts({ words, workers }: FleetView): Html[] {
  const silent = workers.filter((worker) => worker.staleSince !== null);
  return [...new Set(silent.map((worker) => worker.host))].map((host) => {
    const there = silent.filter((worker) => worker.host === host);
    return words.html("host-silent", {
      host,
      at: Math.max(...there.map((worker) => worker.staleSince ?? 0)),
      count: there.length,
    });
  });
}

/** A text that is not broken over two lines, such as a masked phone number. */
export function unbroken(text: string): string {
  return text.replace(/ /g, "\u00a0");
}
