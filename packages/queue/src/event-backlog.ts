import type { FleetEvent } from "@flotilla/contracts";
import { withoutUndefined } from "@flotilla/kernel";

/** Limits of the events that wait for a Redis that is away. */
export interface BacklogLimits {
  readonly events: number;
  /** Size of the events as JSON. */
  readonly bytes: number;
}

/** The limits of a running process: 5,000 events, 8 MiB of JSON. */
export const BACKLOG_LIMITS: BacklogLimits = { events: 5000, bytes: 8 * 1024 * 1024 };
/**
 * Share of a limit that is kept once it is exceeded, so that not every event triggers the next
 * pass.
 */
const KEPT_PART = 0.8;
/** Exits kept per worker. */
const KEPT_EXITS = 5;

interface Waiting {
  event: FleetEvent;
  readonly bytes: number;
}

/**
 * Events that wait for Redis, oldest first, bounded. Above a limit it first drops events that a
 * newer one replaces: of the states of a worker it keeps the newest, with the state before all of
 * them. Answers to commands are dropped last.
 */
export class EventBacklog {
  readonly #limits: BacklogLimits;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(limits: BacklogLimits = BACKLOG_LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The waiting events, oldest first. */
  all(): FleetEvent[] {
    return this.#waiting.map(({ event }) => event);
  }

  /** Appends an event. Returns whether others were dropped for it. */
  push(event: FleetEvent): boolean {
    const bytes = JSON.stringify(event).length;
    this.#waiting.push({ event, bytes });
    this.#bytes += bytes;
    const isOver = this.#isOver(1);
    if (isOver) this.#makeRoom();
    return isOver;
  }

  /** Removes and returns the oldest event. */
  shift(): FleetEvent | undefined {
    const first = this.#waiting.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first?.event;
  }

  /** Number of events dropped since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #isOver(part: number): boolean {
    return (
      this.#waiting.length > this.#limits.events * part || this.#bytes > this.#limits.bytes * part
    );
  }

  #makeRoom(): void {
    this.#keep(withoutOutdated(this.#waiting));
    for (const isLess of [isNoAnswer, () => true]) {
      if (!this.#isOver(KEPT_PART)) return;
      this.#keep(this.#withoutOldest(isLess));
    }
  }

  #keep(kept: Waiting[]): void {
    this.#dropped += this.#waiting.length - kept.length;
    this.#waiting = kept;
    this.#bytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #withoutOldest(isLess: (event: FleetEvent) => boolean): Waiting[] {
    let count = this.#waiting.length;
    let bytes = this.#bytes;
    const most = { events: this.#limits.events * KEPT_PART, bytes: this.#limits.bytes * KEPT_PART };
    return this.#waiting.filter((each) => {
      const fits = count <= most.events && bytes <= most.bytes;
      if (fits || !isLess(each.event)) return true;
      count -= 1;
      bytes -= each.bytes;
      return false;
    });
  }
}

const isNoAnswer = ({ kind }: FleetEvent): boolean => kind !== "command.done";

/** Keeps, of the events that replace each other, the newest in its place. */
function withoutOutdated(waiting: readonly Waiting[]): Waiting[] {
  const seen = new Map<string, { left: number; newest: Waiting }>();
  const kept: Waiting[] = [];
  for (const each of waiting.toReversed()) {
    const about = subjectOf(each.event);
    const known = about === null ? undefined : seen.get(about.key);
    if (about === null) kept.push(each);
    else if (known === undefined) {
      const copy = { ...each };
      seen.set(about.key, { left: about.keep - 1, newest: copy });
      kept.push(copy);
    } else if (known.left > 0) {
      known.left -= 1;
      kept.push(each);
    } else known.newest.event = joined(each.event, known.newest.event);
  }
  return kept.toReversed();
}

/**
 * Subject of an event, and how many of its newest events to keep; null = the event replaces no
 * other.
 */
function subjectOf(event: FleetEvent): { readonly key: string; readonly keep: number } | null {
  const { kind } = event;
  const of = (what: string, keep = 1) => ({ key: `${kind} ${what}`, keep });
  switch (kind) {
    case "worker.state":
    case "worker.storage":
      return of(event.worker);
    case "worker.exited":
      return of(event.worker, KEPT_EXITS);
    case "host.started":
      return of(event.host);
    case "host.trouble":
      return of(event.trouble);
    case "jobs.refused":
      return of(`${event.queue} ${event.why}`);
    case "login.progress":
      return of(event.login);
    case "bulk.progress":
      return of(event.command);
    case "worker.lost":
    case "command.done":
      return null;
    default:
      return event satisfies never;
  }
}

/** Adds to the newer event what only the older one has. */
function joined(older: FleetEvent, newer: FleetEvent): FleetEvent {
  if (older.kind === "worker.state" && newer.kind === "worker.state") {
    const { previousSince: _, ...rest } = newer;
    const { previous, previousSince } = older;
    return { ...rest, previous, ...withoutUndefined({ previousSince }) };
  }
  if (older.kind === "jobs.refused" && newer.kind === "jobs.refused")
    return { ...newer, times: newer.times + older.times };
  return newer;
}
