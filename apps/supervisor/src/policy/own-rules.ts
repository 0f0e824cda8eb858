import type { OwnRules, RestartRules, RulesStatus } from "@flotilla/contracts";
import { withoutUndefined } from "@flotilla/kernel";

/** The fleet's rules with a worker's overrides. An own `windowS` also sets `stableMs`. */
export function withOwnRules(fleet: RestartRules, own: OwnRules): RestartRules {
  const { crashLimit, lockDelaysS } = own;
  const windowMs = inMs(own.windowS);
  const overrides = withoutUndefined({
    windowMs,
    stableMs: windowMs,
    crashDelayMs: inMs(own.crashDelayS),
    lockedDelaysMs: lockDelaysS?.map((s) => s * 1000),
    crashLimit,
  });
  return { ...fleet, ...overrides };
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
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
