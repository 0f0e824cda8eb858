import type { FleetEvent } from "@flotilla/contracts";

/** What may wait for a Redis that is away. */
export interface BacklogLimits {
  readonly events: number;
  /** Of the events as JSON. */
  readonly bytes: number;
}

export const BACKLOG_LIMITS: BacklogLimits = { events: 5000, bytes: 8 * 1024 * 1024 };
/** When there is too much, so much is kept: else it would be sorted again for each event. */
const KEPT_PART = 0.8;
/** Ends of one worker. */
const KEPT_EXITS = 5;

interface Waiting {
  event: FleetEvent;
  readonly bytes: number;
}

/**
 * Events that wait for Redis, oldest first, bounded. When there are too many, events that a newer one replaces go first: of the states of a worker the newest
 * stays, with the state that came before them all. Answers to commands go last.
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

  /** What waits, oldest first. */
  all(): FleetEvent[] {
    return this.#waiting.map(({ event }) => event);
  }

  /** Adds an event behind the others. Returns whether others had to go for it. */
  push(event: FleetEvent): boolean {
    const bytes = JSON.stringify(event).length;
    this.#waiting.push({ event, bytes });
    this.#bytes += bytes;
    const isOver = this.#isOver(1);
    if (isOver) this.#makeRoom();
    return isOver;
  }

  /** Takes the oldest one out. */
  shift(): FleetEvent | undefined {
    const first = this.#waiting.shift();
    this.#bytes -= first?.bytes ?? 0;
    return first?.event;
  }

  /** How many are not told because there were too many, since the last time it was asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #isOver(part: number): boolean {
    return this.#waiting.length > this.#limits.events * part || this.#bytes > this.#limits.bytes * part;
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

/** Keeps the newest of the events that replace each other, in its place. */
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

/** What an event is about, and how many of the newest ones of that are worth telling; null: it stands for itself. */
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

/** What the older one adds to the newer one. */
function joined(older: FleetEvent, newer: FleetEvent): FleetEvent {
  if (older.kind === "worker.state" && newer.kind === "worker.state") {
    const { previousSince: _, ...rest } = newer;
    const { previous, previousSince } = older;
    return { ...rest, previous, ...(previousSince === undefined ? {} : { previousSince }) };
  }
  if (older.kind === "jobs.refused" && newer.kind === "jobs.refused") return { ...newer, times: newer.times + older.times };
  return newer;
}
