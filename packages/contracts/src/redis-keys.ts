import type { HostId, WorkerId } from "@flotilla/kernel";

/** Prefix of all keys of version 0.1, the same for every fleet. */
export const PREFIX_OF_0_1 = "flotilla";

/**
 * Prefix of every key of a fleet. The part in braces sets the Redis Cluster shard: a fleet has one.
 */
export const fleetPrefix = (fleet: string): string => `{flotilla.${fleet}}`;
/**
 * Key of the record that maps the FLEET_KEY with this id to its fleet. Without the fleet's prefix,
 * because processes find their fleet through it.
 */
export const fleetRecordKey = (keyId: string): string => `flotilla.fleet.${keyId}`;
/** Key that holds the id of the fleet's FLEET_KEY. */
export const fleetKeyIdKey = (prefix: string): string => `${prefix}:fleet-key`;

/** Queue that the supervisor of a host consumes. BullMQ allows no `:` in names. */
export const hostQueue = (host: HostId): string => `host.${host}`;
/** Queue that one worker process consumes. */
export const workerQueue = (worker: WorkerId): string => `worker.${worker}`;
/** Queue of {@link FleetEvent}s; the bot consumes it. */
export const EVENTS_QUEUE = "events";
/** Hash `worker@host` → WorkerStatus JSON. */
export const statusKey = (prefix: string): string => `${prefix}:status`;
/** Hash host → HostRow JSON. */
export const hostsKey = (prefix: string): string => `${prefix}:hosts`;
/** Claim of the supervisor that holds the host's name now; expires with its TTL. */
export const hostClaimKey = (prefix: string, host: HostId): string => `${prefix}:host:${host}`;
/**
 * Queue of {@link RelayMessage}s for one worker: deliveries it must make, and confirmations of
 * those it ordered.
 */
export const relayQueue = (worker: WorkerId): string => `relay.${worker}`;
/** Queue of deliveries that the bot makes. */
export const BOT_RELAY_QUEUE = "bot-relay";
/** Queue of {@link BotRequest}s. */
export const BOT_REQUESTS_QUEUE = "bot-requests";
/** Hash worker id → RelayStatus JSON. */
export const relayKey = (prefix: string): string => `${prefix}:relay`;
/** Lease on `resource` (a worker's name, or the fingerprint of its key); expires with its TTL. */
export const leaseKey = (prefix: string, resource: string): string => `${prefix}:lease:${resource}`;
/** Highest fencing token granted for `resource`; never expires. */
export const fenceKey = (prefix: string, resource: string): string => `${prefix}:fence:${resource}`;
/** Run id of the Redis process that last granted leases. */
export const leaseRunKey = (prefix: string): string => `${prefix}:lease-run`;
/** Exists while no lease may be granted after a restart of Redis. */
export const leaseQuietKey = (prefix: string): string => `${prefix}:lease-quiet`;
/** The bot writes it continuously to detect a Redis that refuses writes. */
export const botPulseKey = (prefix: string): string => `${prefix}:bot-pulse`;
/** Prefix of the keys about the bot of the fleet with this FLEET_KEY id: its lease, who had it last. */
export const botPrefix = (keyId: string): string => `{flotilla.bot.${keyId}}`;
/** The bot that was granted its lease last, by its fencing token; never expires. */
export const botLastKey = (prefix: string): string => `${prefix}:bot-last`;
/** Description of the sealed copy of `control.db`; its pieces have a number behind this key. */
export const botCopyKey = (prefix: string): string => `${prefix}:bot-copy`;
/** What the active bot writes every few seconds; expires when it is gone. */
export const botBeatKey = (prefix: string): string => `${prefix}:bot-beat`;
/** The host that told of a bot that is gone; removed by the host that tells of its return. */
export const botAwayKey = (prefix: string): string => `${prefix}:bot-away`;
/** Sorted set of the bots that wait, by when they last said so. */
export const botStandbysKey = (prefix: string): string => `${prefix}:bot-standbys`;
/** Sealed data for the login of this id that is too large for a job; expires with its TTL. */
export const parcelKey = (prefix: string, login: string): string => `${prefix}:parcel:${login}`;

/** Part `n` of a worker that moves, sealed; `head` tells how many. Expires with its TTL. */
export const moveKey = (prefix: string, move: string, part: string): string =>
  `${prefix}:move:${move}:${part}`;

/** Hash floating worker → host that has it, and its StandbyOwner. */
export const standbyKey = (prefix: string): string => `${prefix}:standby`;
/** The sealed standby record of a worker. */
export const standbyRecordKey = (prefix: string, worker: WorkerId): string =>
  `${prefix}:standby:${worker}`;
/** Hash `worker@host` → TakenOver, for a host that was lost and has not come back yet. */
export const takenOverKey = (prefix: string): string => `${prefix}:taken-over`;
/** The hosts that an owner drains: they take no floating worker over. */
export const closedHostsKey = (prefix: string): string => `${prefix}:closed-hosts`;

/** Keys of version 0.1 that this version still reads. */
export const KEYS_OF_0_1 = {
  lease: (resource: string): string => `${PREFIX_OF_0_1}.lease.${resource}`,
  fence: (resource: string): string => `${PREFIX_OF_0_1}.fence.${resource}`,
  leaseRun: `${PREFIX_OF_0_1}.lease-run`,
} as const;
