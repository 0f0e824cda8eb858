/** Ground floor: ids, errors, time. Depends on nothing. */
export { type BackoffPlan, backoffDelayMs } from "./backoff.ts";
export { boundToParent, unboundWarning } from "./bound-process.ts";
export { bareChannel, markedChannel } from "./chat-id.ts";
export { type Clock, systemClock } from "./clock.ts";
export { AppError, type AppErrorOptions, type Retry, toError } from "./errors.ts";
export { type FoundKey, fleetKeyId } from "./fleet-key-id.ts";
export { type HostId, parseHostId, parseUserId, parseWorkerId, type UserId, type WorkerId } from "./ids.ts";
export { LoopShare, nextTurn } from "./loop-share.ts";
export { makeFolder } from "./make-folder.ts";
export { cannotLink } from "./no-links.ts";
export { Output } from "./output.ts";
export { SingleFlight } from "./single-flight.ts";
export { sleep, withTimeout } from "./sleep.ts";
export { unpack } from "./unpack.ts";
