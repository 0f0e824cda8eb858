import type { Fault } from "@flotilla/contracts";
import { sleep } from "@flotilla/kernel";
import { classify } from "@flotilla/telegram";
import { afterCheck, HEALTHY } from "./health.ts";

/** The account, as far as its health check needs it. */
export interface CheckedAccount {
  /** It claims to be connected. */
  readonly connected: boolean;
  /** A real call; rejects with what Telegram answered, or why it did not. */
  check(): Promise<unknown>;
  /** A new connection in place of this one. */
  reconnect(): Promise<void>;
}

/** How often to check. */
export interface CheckTimings {
  readonly everyMs: number;
  /** After a check without an answer: sooner, to be sure. */
  readonly againMs: number;
}

/** Promise S2-36: a health check every 300 s. */
export const CHECK_TIMINGS: CheckTimings = { everyMs: 300_000, againMs: 30_000 };

/**
 * A real call now and then: a session that was ended elsewhere, and a connection that only looks alive, show in an answer
 * or its absence. Two without an answer: a new connection; two new connections that did not help: `leave`, for a new
 * process (S2-38).
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
  message: "Telegram did not answer this worker any more, and two new connections did not help.",
};

/** A refusal is an answer, too: what it means is the connection's business. */
async function answers(account: CheckedAccount): Promise<boolean> {
  try {
    await account.check();
    return true;
  } catch (error) {
    const found = classify(error).class;
    return found !== "NETWORK" && found !== "TG_SERVER";
  }
}
