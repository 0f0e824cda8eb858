import type { Fault, ReportedState } from "@flotilla/contracts";
import type { ConnectionStatus, FloodStatus } from "@flotilla/telegram";
import { readingWait, sendingWait } from "./stream-numbers.ts";

/** Shorter waits are waited for without a word. */
const LONG_WAIT_MS = 60_000;

/** Remembers a long wait until it is over, so that its last minute is not taken for a short one. Times: milliseconds since the epoch. */
export class Parking {
  #until = 0;

  /** Until when reading or sending is parked, or null. */
  until({ waits }: Pick<FloodStatus, "waits">, now: number): number | null {
    const until = Math.max(readingWait(waits)?.until ?? 0, sendingWait(waits) ?? 0);
    if (until <= now) this.#until = 0;
    else if (until - now > LONG_WAIT_MS || this.#until > now) this.#until = until;
    return this.#until === 0 ? null : this.#until;
  }
}

/** Everything about an account that its connection does not know. */
export interface AccountFacts {
  readonly loggingIn: boolean;
  readonly hasKey: boolean;
  /** Why it may not be on Telegram for now. */
  readonly away: Fault | null;
  /** What is wrong with its session file. */
  readonly trouble: Fault | null;
  /** Why it may not send until an admin says so (`PEER_FLOOD`). */
  readonly sendStop: string | null;
  /** Telegram asked for a long wait. */
  readonly isParked: boolean;
}

/** The state that a worker reports, and what is wrong. Pure. */
export function reportedState(
  status: ConnectionStatus,
  facts: AccountFacts,
): { readonly state: ReportedState; readonly fault: Fault | null } {
  if (facts.loggingIn) return { state: "LOGGING_IN", fault: null };
  const fault = facts.away ?? status.fault ?? facts.trouble ?? sendStopped(facts.sendStop);
  return { state: stateOf(status, facts), fault };
}

function stateOf(status: ConnectionStatus, { hasKey, away, trouble, sendStop, isParked }: AccountFacts): ReportedState {
  if (!hasKey) return "NEEDS_LOGIN";
  if (away) return "DEGRADED";
  switch (status.state) {
    case "ready":
      if (trouble || sendStop !== null) return "DEGRADED";
      return isParked ? "FLOOD" : "RUNNING";
    case "catching-up":
      return isParked ? "FLOOD" : "CATCHING_UP";
    case "waiting":
      return status.fault?.class === "FLOOD" ? "FLOOD" : "RECONNECTING";
    case "dead":
      return deadState(status.fault);
    case "connecting":
      return status.connects > 0 || status.attempt > 0 ? "RECONNECTING" : "STARTING";
    case "idle":
    case "stopped":
      return "STARTING";
    default:
      return status.state satisfies never;
  }
}

/** Reading goes on, so this is no fault of the connection; a freeze is told by its own class. */
function sendStopped(reason: string | null): Fault | null {
  if (reason === null) return null;
  const message = "Telegram lets this account send nothing to people who do not know it. Sending is stopped; reading goes on.";
  return { class: "LIMITED", code: reason, message };
}

function deadState(fault: Fault | null): ReportedState {
  if (fault?.class === "BANNED") return "BANNED";
  return fault?.class === "AUTH_DEAD" ? "NEEDS_LOGIN" : "DEGRADED";
}
