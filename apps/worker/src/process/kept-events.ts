import { FleetEvent } from "@flotilla/contracts";
import type { KeptEvents } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";

/**
 * The outbox of events that Redis does not have yet, in the session file. Throws AppError
 * `sqlite-*`.
 */
export function keptEvents({ events }: Pick<SessionStore, "events">): KeptEvents {
  return {
    all: () => events.all().flatMap((body) => FleetEvent.safeParse(JSON.parse(body)).data ?? []),
    add: (event) => events.add(event.id, JSON.stringify(event)),
    remove: ({ id }) => events.remove(id),
    replace: (all) =>
      events.replace(all.map((event) => ({ id: event.id, body: JSON.stringify(event) }))),
  };
}
