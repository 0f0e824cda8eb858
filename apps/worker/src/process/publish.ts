import { randomUUID } from "node:crypto";
import type { FleetEvent } from "@flotilla/contracts";
import { type HostId, systemClock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type EventPublisher, guarded, type QueuePlace } from "@flotilla/queue";

/** An event without what every event has. */
export type EventBody<E = FleetEvent> = E extends FleetEvent ? Omit<E, "v" | "id" | "at" | "host"> : never;
/** Tells the fleet something. Never throws; what is told while Redis is away goes out when it is back. */
export type Publish = (body: EventBody) => void;

/** How this process tells the fleet something. */
export function publisher(events: EventPublisher, host: HostId): Publish {
  return (body) => events.publish({ v: 1, id: randomUUID(), at: systemClock.now(), host, ...body } as FleetEvent);
}

/** A place that tells the fleet of what is refused there. */
export function watched(place: QueuePlace, publish: Publish, log: Logger): QueuePlace {
  return guarded(place, (refusal) => publish({ kind: "jobs.refused", ...refusal }), log);
}
