import { randomUUID } from "node:crypto";
import type { FleetEvent } from "@flotilla/contracts";
import { type HostId, systemClock } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type EventPublisher, guarded, type QueuePlace } from "@flotilla/queue";

/** An event without the fields that the publisher adds. */
export type EventBody<E = FleetEvent> = E extends FleetEvent
  ? Omit<E, "v" | "id" | "at" | "host">
  : never;
/** Publishes an event. Never throws; while Redis is away, events wait in the outbox. */
export type Publish = (body: EventBody) => void;

/** Adds version, id, time and host to each event and publishes it. */
export function publisher(events: EventPublisher, host: HostId): Publish {
  return (body) =>
    events.publish({ v: 1, id: randomUUID(), at: systemClock.now(), host, ...body } as FleetEvent);
}

/** A place that publishes `jobs.refused` for each refused job. */
export function watched(place: QueuePlace, publish: Publish, log: Logger): QueuePlace {
  return guarded(place, (refusal) => publish({ kind: "jobs.refused", ...refusal }), log);
}
