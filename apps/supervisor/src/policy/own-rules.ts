import type { OwnRules, RestartRules, RulesStatus } from "@flotilla/contracts";

/** The fleet's rules with a worker's overrides. An own `windowS` also sets `stableMs`. */
export function withOwnRules(fleet: RestartRules, own: OwnRules): RestartRules {
  const window =
    own.windowS === undefined ? {} : { windowMs: own.windowS * 1000, stableMs: own.windowS * 1000 };
  return {
    ...fleet,
    ...window,
    ...(own.crashDelayS === undefined ? {} : { crashDelayMs: own.crashDelayS * 1000 }),
    ...(own.lockDelaysS === undefined
      ? {}
      : { lockedDelaysMs: own.lockDelaysS.map((s) => s * 1000) }),
    ...(own.crashLimit === undefined ? {} : { crashLimit: own.crashLimit }),
  };
}

/** The rules in seconds, as the card shows them. */
export function rulesStatus(rules: RestartRules, own: OwnRules): RulesStatus {
  return {
    crashDelayS: rules.crashDelayMs / 1000,
    crashLimit: rules.crashLimit,
    windowS: rules.windowMs / 1000,
    lockDelaysS: rules.lockedDelaysMs.map((ms) => ms / 1000),
    own,
  };
}
