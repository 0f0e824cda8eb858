import type { JobRefusal } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { say } from "../words/said.ts";
import type { Condition } from "./watch.ts";

/** What was refused in a queue lately. */
export interface RefusedSight extends JobRefusal {
  readonly at: number;
}

/** So long after the last one it is over. */
const OVER_MS = 30 * 60_000;

/** Jobs that processes of this fleet refused: a stranger wrote them, or a program of another version. */
export class RefusedJobs {
  readonly #queues = new Map<string, RefusedSight>();

  /** For the metrics. */
  onAdd: (refusal: JobRefusal) => void = () => {};

  /** Refused by any process of the fleet, this one too. */
  add(refusal: JobRefusal, at: number): void {
    const { queue, why, times } = refusal;
    this.onAdd(refusal);
    this.#queues.set(queue, { queue, why, times: times + (this.#queues.get(queue)?.times ?? 0), at });
  }

  /** Those of the last half hour. */
  all(now: number): RefusedSight[] {
    for (const [queue, { at }] of this.#queues) if (now - at > OVER_MS) this.#queues.delete(queue);
    return [...this.#queues.values()];
  }
}

/** One alert per queue. */
export function refusedConditions(refused: readonly RefusedSight[], host: HostId): Condition[] {
  return refused.map(({ queue, why, times }) => ({
    subject: `wire:${queue}`,
    body: {
      kind: "refused-job",
      worker: null,
      host,
      times: 1,
      title: say("alert-refused-job", { queue, count: times }),
      details: [say(`alert-refused-${why}`), say("alert-refused-do")],
      buttons: [],
      action: null,
    },
  }));
}
