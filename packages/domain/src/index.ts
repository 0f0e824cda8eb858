/** Pure rules: no clock, no I/O, no state of their own. */

export { ALERT_KINDS, type AlertKind, type AlertRule, alertRule } from "./alerts/kinds.ts";
export {
  type AlertFact,
  type AlertSituation,
  GROWS_MS,
  groupKey,
  hiddenBy,
  isQuietTime,
  isSilenced,
  planAlerts,
  type QuietHours,
  type RecentCard,
  type Silence,
} from "./alerts/plan.ts";
export { type RouteRemedy, type RouteTrouble, routeTroubles } from "./alerts/route-trouble.ts";
export {
  type AlertChat,
  audience,
  type CardFact,
  type EscalationLevel,
  escalationOf,
  pace,
  repeatIsDue,
} from "./alerts/telling.ts";
export { classifySystem, classOfCode } from "./classify-own.ts";
export { type AfterExit, CLASS_ICONS, ERROR_TABLE, type ErrorRow } from "./error-table.ts";
export { faultOfExit, firstErrorLine, type ObservedExit } from "./exit-fault.ts";
export {
  afterCheck,
  DEFAULT_HEALTH_RULES,
  HEALTHY,
  type HealthCount,
  type HealthRules,
  type HealthStep,
} from "./health.ts";
export { type GateOrder, type LinkSight, type NetworkGate, OPEN_GATE, stepGate } from "./network-gate.ts";
export { rulesStatus, withOwnRules } from "./own-rules.ts";
export { countingCrashes, DEFAULT_RESTART_RULES, decideRestart, type PastExit, type RestartRules } from "./restart-policy.ts";
export { mayPress, ROLES, type Role, roleFor } from "./roles.ts";
export { diffRoutes, type RouteDiff } from "./routes/diff.ts";
export { type KnownChats, knownChats } from "./routes/known-chats.ts";
export { LoopBreaker } from "./routes/loop-breaker.ts";
export {
  barrier,
  inAlbums,
  judge,
  type MatchVerdict,
  matchRoute,
  type ReadyRoute,
  readyRoute,
  type SkipReason,
} from "./routes/match.ts";
export { maxAgeMs } from "./routes/max-age.ts";
export {
  type AfterTry,
  afterTry,
  BLOCKED_MS,
  forecast,
  isAboutPart,
  isAboutTarget,
  parked,
  percentile,
  resultOfFault,
} from "./routes/outcome.ts";
export { type PartPlace, type Placed, placeParts, type SentParts } from "./routes/part-places.ts";
export { deriveRandomId, stepKey, targetKey } from "./routes/random-id.ts";
export { compileRule, type Rule, type RuleSubject, type RuleVerdict } from "./routes/rule.ts";
export { startOrder } from "./routes/start-order.ts";
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
} from "./routes/steps.ts";
export { linkOf, parseTemplate, type RichText, render, type Template } from "./routes/template.ts";
export { unanswered } from "./routes/unanswered.ts";
export { findHarmful, type RouteProblem, validateRoutes } from "./routes/validate.ts";
export { latestRouteVersion, worksByOthers } from "./routes/version.ts";
export { webhookSecret } from "./routes/webhook-secret.ts";
export { captioned } from "./routes/written.ts";
export { SEND_RATE, type SendRate } from "./send-rate.ts";
export { usualSilenceMs } from "./usual-silence.ts";
export { actionsFor, stateIcon, stateWords, urgency, type WorkerAction } from "./worker-actions.ts";
export { type LifeEvent, live, NOT_STARTED, type RefusedEvent, type StoppedAs, type WorkerLife } from "./worker-life.ts";
