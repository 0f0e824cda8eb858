import type { Fault, ReportedState } from "@flotilla/contracts";
import type { ConnectionStatus, FloodStatus } from "@flotilla/telegram";
import { readingWait, sendingWait } from "./stream-numbers.ts";

/** Only waits longer than this put the account into FLOOD. */
const LONG_WAIT_MS = 60_000;

/**
 * Remembers a long wait until it is over, so that its last minute does not count as a short one.
 * Times: milliseconds since the epoch.
 */
export class Parking {
  #until = 0;

  /** The end of a long wait for reading or sending, or null. */
  until({ waits }: Pick<FloodStatus, "waits">, now: number): number | null {
    const until = Math.max(readingWait(waits)?.until ?? 0, sendingWait(waits) ?? 0);
    if (until <= now) this.#until = 0;
    else if (until - now > LONG_WAIT_MS || this.#until > now) this.#until = until;
    return this.#until === 0 ? null : this.#until;
  }
}

/** What decides an account's state besides its connection. */
export interface AccountFacts {
  readonly loggingIn: boolean;
  readonly hasKey: boolean;
  /** Why the account may not be on Telegram now. */
  readonly away: Fault | null;
  /** The problem of its session file. */
  readonly trouble: Fault | null;
  /** Why sending is stopped until an admin resumes it (`PEER_FLOOD`). */
  readonly sendStop: string | null;
  /** Telegram asked for a long wait. */
  readonly isParked: boolean;
}

/** The state that a worker reports, with its fault. Pure. */
export function reportedState(
  status: ConnectionStatus,
  facts: AccountFacts,
): { readonly state: ReportedState; readonly fault: Fault | null } {
  if (facts.loggingIn) return { state: "LOGGING_IN", fault: null };
  const fault = facts.away ?? status.fault ?? facts.trouble ?? sendStopped(facts.sendStop);
  return { state: stateOf(status, facts), fault };
}

function stateOf(
  status: ConnectionStatus,
  { hasKey, away, trouble, sendStop, isParked }: AccountFacts,
): ReportedState {
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
      if (status.connects > 0 || status.attempt > 0) return "RECONNECTING";
      return "STARTING";
    case "idle":
    case "stopped":
      return "STARTING";
    default:
      return status.state satisfies never;
  }
}

/** No connection fault, as reading continues; a frozen account has its own error class. */
function sendStopped(reason: string | null): Fault | null {
  if (reason === null) return null;
  const message =
    "Telegram lets this account send nothing to people who do not know it. Sending is stopped; " +
    "reading continues.";
  return { class: "LIMITED", code: reason, message };
}

function deadState(fault: Fault | null): ReportedState {
  if (fault?.class === "BANNED") return "BANNED";
  return fault?.class === "AUTH_DEAD" ? "NEEDS_LOGIN" : "DEGRADED";
}
