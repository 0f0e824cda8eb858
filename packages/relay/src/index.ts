/**
 * Rules of relays as pure functions: which messages a route matches, what it sends, what a result
 * means. Clock and storage belong to the callers.
 */
export { diffRoutes, type RouteDiff } from "./diff.ts";
export { type KnownChats, knownChats } from "./known-chats.ts";
export { LoopBreaker } from "./loop-breaker.ts";
export {
  barrier,
  inAlbums,
  judge,
  type MatchVerdict,
  matchRoute,
  type ReadyRoute,
  readyRoute,
  type SkipReason,
} from "./match.ts";
export { maxAgeMs } from "./max-age.ts";
export {
  type AfterTry,
  afterTry,
  BLOCKED_MS,
  forecast,
  isAboutMessage,
  isAboutPart,
  isAboutTarget,
  parked,
  percentile,
  resultOfFault,
} from "./outcome.ts";
export { type PartPlace, type Placed, placeParts, type SentParts } from "./part-places.ts";
export { deriveRandomId, stepKey, targetKey } from "./random-id.ts";
export { compileRule, type Rule, type RuleSubject, type RuleVerdict } from "./rule.ts";
export { startOrder } from "./start-order.ts";
export {
  type Copied,
  digestOf,
  type FetchedFile,
  type FindTarget,
  planDelete,
  planEdit,
  planNew,
  planUpload,
  type StepPlan,
} from "./steps.ts";
export { linkOf, parseTemplate, type RichText, render, type Template } from "./template.ts";
export { unanswered } from "./unanswered.ts";
export { findHarmful, type RouteProblem, validateRoutes } from "./validate.ts";
export { latestRouteVersion, worksByOthers } from "./version.ts";
export { webhookSecret } from "./webhook-secret.ts";
export { captioned } from "./written.ts";
