/** Ground floor: ids, errors, time. Depends on nothing. */
export { type BackoffPlan, backoffDelayMs } from "./backoff.ts";
export { bareChannel, markedChannel } from "./chat-id.ts";
export { type Clock, systemClock } from "./clock.ts";
export { Deadline } from "./deadline.ts";
export { syncFile, syncFolder, syncFolderOf, writePrivate } from "./durable.ts";
export type { ErrorCode } from "./error-codes.ts";
export { AppError, type AppErrorOptions, codeOf, toError } from "./errors.ts";
export { fileStamp } from "./file-stamp.ts";
export { type FoundKey, fleetKeyId } from "./fleet-key-id.ts";
export {
  type HostId,
  parseHostId,
  parseUserId,
  parseWorkerId,
  type UserId,
  type WorkerId,
} from "./ids.ts";
export { LoopShare, nextTurn } from "./loop-share.ts";
export { makeFolder } from "./make-folder.ts";
export { Moment } from "./moment.ts";
export { cannotLink } from "./no-links.ts";
export { Output } from "./output.ts";
export { cleanPaste } from "./pasted/clean.ts";
export { encodedTexts } from "./pasted/encoded.ts";
export { parsePhone } from "./pasted/phone.ts";
export { type DialOptions, dial } from "./proxy/dial.ts";
export { homeAddressOf, reachable } from "./proxy/reach.ts";
export {
  type MtProxyRoute,
  maskProxy,
  PROXY_FORMS,
  type ProxyRoute,
  parseProxy,
  type TcpProxyRoute,
} from "./proxy/route.ts";
export { type Endpoint, type ProxyWire, throughProxy } from "./proxy/through.ts";
export {
  parseHostPorts,
  type RedisAddress,
  type RedisLogin,
  type RedisNode,
  type RedisTls,
} from "./redis-address.ts";
export { SerialQueue } from "./serial-queue.ts";
export { SingleFlight } from "./single-flight.ts";
export { sleep, withTimeout } from "./sleep.ts";
export { unpack } from "./unpack.ts";
export { withoutNullish, withoutUndefined } from "./without-undefined.ts";
