import type { HostId, WorkerId } from "@flotilla/kernel";

/** Prefix of every BullMQ key. Tests use a prefix of their own. */
export const DEFAULT_PREFIX = "flotilla";

/** Queue consumed by the supervisor of a host. BullMQ allows no `:` in names. */
export const hostQueue = (host: HostId): string => `host.${host}`;
/** Queue consumed by one worker process. */
export const workerQueue = (worker: WorkerId): string => `worker.${worker}`;
/** Queue of {@link FleetEvent}s, consumed by the bot. */
export const EVENTS_QUEUE = "events";
/** Hash worker id → WorkerStatus JSON. */
export const statusKey = (prefix: string): string => `${prefix}.status`;
/** Queue of {@link RelayMessage}s for one worker: what it shall deliver, and what became of what others deliver for it. */
export const relayQueue = (worker: WorkerId): string => `relay.${worker}`;
/** Queue of deliveries by the bot. */
export const BOT_RELAY_QUEUE = "bot-relay";
/** Queue of {@link BotRequest}s. */
export const BOT_REQUESTS_QUEUE = "bot-requests";
/** Hash worker id → RelayStatus JSON. */
export const relayKey = (prefix: string): string => `${prefix}.relay`;
/** Who owns `resource` (a worker's name, or the fingerprint of its key) at the moment; expires by itself. */
export const leaseKey = (prefix: string, resource: string): string => `${prefix}.lease.${resource}`;
/** The highest fencing number that was given out for `resource`; never expires. */
export const fenceKey = (prefix: string, resource: string): string => `${prefix}.fence.${resource}`;
/** The run of Redis that leases were last given out by. */
export const leaseRunKey = (prefix: string): string => `${prefix}.lease-run`;
/** There while no lease may be given out, because Redis was started anew. */
export const leaseQuietKey = (prefix: string): string => `${prefix}.lease-quiet`;
/** Something large and sealed on its way to the login of this id; expires by itself. */
export const parcelKey = (prefix: string, login: string): string => `${prefix}.parcel.${login}`;
