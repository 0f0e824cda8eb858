import type { HostId, WorkerId } from "@flotilla/kernel";

/** What stood before every key of version 0.1: the same for every fleet. */
export const PREFIX_OF_0_1 = "flotilla";

/** What stands before every key of a fleet. The part in braces decides about the shard in Redis Cluster: a fleet has one. */
export const fleetPrefix = (fleet: string): string => `{flotilla.${fleet}}`;
/** Which fleet works with the FLEET_KEY of this id. The one key that has another prefix: it is how processes find theirs. */
export const fleetRecordKey = (keyId: string): string => `flotilla.fleet.${keyId}`;
/** Which FLEET_KEY a fleet works with: its id. */
export const fleetKeyIdKey = (prefix: string): string => `${prefix}:fleet-key`;

/** Queue consumed by the supervisor of a host. BullMQ allows no `:` in names. */
export const hostQueue = (host: HostId): string => `host.${host}`;
/** Queue consumed by one worker process. */
export const workerQueue = (worker: WorkerId): string => `worker.${worker}`;
/** Queue of {@link FleetEvent}s, consumed by the bot. */
export const EVENTS_QUEUE = "events";
/** Hash `worker@host` → WorkerStatus JSON. */
export const statusKey = (prefix: string): string => `${prefix}:status`;
/** Hash host → HostRow JSON. */
export const hostsKey = (prefix: string): string => `${prefix}:hosts`;
/** Which supervisor is the host of that name at the moment; expires by itself. */
export const hostClaimKey = (prefix: string, host: HostId): string => `${prefix}:host:${host}`;
/** Queue of {@link RelayMessage}s for one worker: what it shall deliver, and what became of what others deliver for it. */
export const relayQueue = (worker: WorkerId): string => `relay.${worker}`;
/** Queue of deliveries by the bot. */
export const BOT_RELAY_QUEUE = "bot-relay";
/** Queue of {@link BotRequest}s. */
export const BOT_REQUESTS_QUEUE = "bot-requests";
/** Hash worker id → RelayStatus JSON. */
export const relayKey = (prefix: string): string => `${prefix}:relay`;
/** Who owns `resource` (a worker's name, or the fingerprint of its key) at the moment; expires by itself. */
export const leaseKey = (prefix: string, resource: string): string => `${prefix}:lease:${resource}`;
/** The highest fencing number that was given out for `resource`; never expires. */
export const fenceKey = (prefix: string, resource: string): string => `${prefix}:fence:${resource}`;
/** The run of Redis that leases were last given out by. */
export const leaseRunKey = (prefix: string): string => `${prefix}:lease-run`;
/** There while no lease may be given out, because Redis was started anew. */
export const leaseQuietKey = (prefix: string): string => `${prefix}:lease-quiet`;
/** Written by the bot all the time, to find out whether Redis takes anything. */
export const botPulseKey = (prefix: string): string => `${prefix}:bot-pulse`;
/** Something large and sealed on its way to the login of this id; expires by itself. */
export const parcelKey = (prefix: string, login: string): string => `${prefix}:parcel:${login}`;

/** The keys of version 0.1 that the next version still looks at. */
export const KEYS_OF_0_1 = {
  lease: (resource: string): string => `${PREFIX_OF_0_1}.lease.${resource}`,
  fence: (resource: string): string => `${PREFIX_OF_0_1}.fence.${resource}`,
  leaseRun: `${PREFIX_OF_0_1}.lease-run`,
} as const;
