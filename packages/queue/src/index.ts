/** The only importer of BullMQ and ioredis: queues, events, status rows and leases in Redis. */

export {
  BOT_LEASE_TIMINGS,
  BotBoard,
  type BotPlaceOptions,
  botPlace,
  botResource,
  type LastBot,
  type StandbyBot,
} from "./bot-board.ts";
export {
  BOT_COPY_MOST_BYTES,
  type BotCopy,
  findBotCopy,
  readBotCopy,
  writeBotCopy,
} from "./bot-copy.ts";
export { type BotNote, readBotNote, writeBotNote } from "./bot-note.ts";
export { type AnswerOptions, answerBotRequests, askBot } from "./bot-requests.ts";
export { checkRedis, type RedisFacts } from "./connection.ts";
export {
  type Consumer,
  type ConsumerOptions,
  consumeEvents,
  consumeHostCommands,
  consumeTicks,
  consumeWorkerCommands,
  type DueTick,
} from "./consume.ts";
export { aheadOfRedis } from "./deadline.ts";
export {
  type EmbeddedRedis,
  type EmbeddedRedisOptions,
  embeddedRedisUrl,
  startEmbeddedRedis,
} from "./embedded-redis.ts";
export { EventPublisher, type KeptEvents } from "./event-publisher.ts";
export {
  type ClaimOptions,
  claimFleet,
  type FindOptions,
  type Fleet,
  findFleet,
  fleetPlace,
  keepFleetThere,
  type PlaceOptions,
  parseFleet,
} from "./fleet.ts";
export { HostBoard } from "./host-board.ts";
export { HostClaim, type HostClaimant, type HostClaimOptions } from "./host-claim.ts";
export { findInUse, type InUse } from "./in-use.ts";
export {
  LEASE_TIMINGS,
  Lease,
  type LeaseMode,
  type LeaseOptions,
  type LeaseTimings,
} from "./lease.ts";
export { leaveMove, takeMove } from "./move-parcel.ts";
export { findOtherOwner, leaseResources, type OtherOwner, type Wanted } from "./other-owner.ts";
export { takeParcel } from "./parcel.ts";
export type { QueuePlace } from "./place.ts";
export { type RedisTrouble, redisAway, troubleOf } from "./redis-trouble.ts";
export { guarded, Refusals } from "./refusals.ts";
export { RelayBoard } from "./relay-board.ts";
export { RelayLink, type RelayLinkOptions } from "./relay-link.ts";
export {
  cronTiming,
  isSlot,
  nextRun,
  type Planned,
  Schedules,
  type Timing,
  type WantedSchedule,
} from "./schedules.ts";
export { CommandSender } from "./send.ts";
export { digestOf, StandbyBoard } from "./standby-board.ts";
export { StatusReader, StatusWriter } from "./status-board.ts";
export { GOOD_FOR_MS, type Refused, type Signed, type Slot, Wire } from "./wire.ts";
