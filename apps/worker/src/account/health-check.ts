import type { Fault } from "@flotilla/contracts";
import { sleep } from "@flotilla/kernel";
import { classify } from "@flotilla/telegram";
import { afterCheck, HEALTHY } from "./health.ts";

/** The part of an account that its health check uses. */
export interface CheckedAccount {
  /** The connection reports ready. */
  readonly connected: boolean;
  /** Makes a real call; rejects with Telegram's answer or the reason for none. */
  check(): Promise<unknown>;
  /** Replaces the connection. */
  reconnect(): Promise<void>;
}

/** Intervals of the health check, in milliseconds. */
export interface CheckTimings {
  readonly everyMs: number;
  /** Interval after a check without an answer. */
  readonly againMs: number;
}

/** Promise S2-36: a health check every 300 s. */
export const CHECK_TIMINGS: CheckTimings = { everyMs: 300_000, againMs: 30_000 };

/**
 * Makes a real call regularly, which detects ended sessions and dead connections. Two checks
 * without an answer replace the connection; after two replacements in vain it calls `leave`, for a
 * new process (S2-38).
 */
export function startChecks(
  account: CheckedAccount,
  leave: (fault: Fault) => void,
  timings: CheckTimings = CHECK_TIMINGS,
): { stop(): Promise<void> } {
  const over = new AbortController();
  const running = run(account, leave, timings, over.signal);
  return {
    stop: async () => {
      over.abort();
      await running;
    },
  };
}

async function run(
  account: CheckedAccount,
  leave: (fault: Fault) => void,
  timings: CheckTimings,
  signal: AbortSignal,
): Promise<void> {
  let count = HEALTHY;
  for (;;) {
    try {
      await sleep(count === HEALTHY ? timings.everyMs : timings.againMs, signal);
    } catch {
      return;
    }
    if (!account.connected) continue;
    const after = afterCheck(count, await answers(account));
    count = after.count;
    if (signal.aborted) return;
    if (after.step === "reconnect") await account.reconnect();
    if (after.step === "restart") return leave(DEAF);
  }
}

const DEAF: Fault = {
  class: "STUCK",
  code: "deaf",
  message: "Telegram stopped answering this worker, and two new connections did not help.",
};

/** A refusal counts as an answer: the connection handles what it means. */
async function answers(account: CheckedAccount): Promise<boolean> {
  try {
    await account.check();
    return true;
  } catch (error) {
    const found = classify(error).class;
    return found !== "NETWORK" && found !== "TG_SERVER";
  }
}
