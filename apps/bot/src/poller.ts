import { sleep } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { type RunnerHandle, run } from "@grammyjs/runner";
import { type Bot, GrammyError } from "grammy";
import { sendProblem } from "./chat/bot-errors.ts";

/** A running poll loop. */
export interface Poller {
  /** A reason why presses do not arrive, or null. */
  problem(): string | null;
  /** Stops fetching and waits until the handlers in hand are done. */
  stop(): Promise<void>;
}

/** Another program with our token is waited for: it is the other's turn until it ends. */
const CONFLICT_WAIT_MS = 30_000;
const ERROR_WAIT_MS = 5_000;

/** Polls for updates for ever: a lost connection or a second poller is waited out, never fatal. */
export function startPolling(bot: Bot, log: Logger): Poller {
  const stopping = new AbortController();
  let problem: string | null = null;
  let handle: RunnerHandle | null = null;
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      handle = run(bot, { runner: { silent: true, fetch: { allowed_updates: ["message", "callback_query"] } } });
      problem = null;
      const error = await handle.task()?.then(
        () => null,
        (thrown: unknown) => thrown,
      );
      if (stopping.signal.aborted || error === null) break;
      problem =
        sendProblem(error) === "conflict"
          ? "another program polls with this bot's token (409)"
          : "the Bot API cannot be reached";
      log.error({ err: error instanceof GrammyError ? error.description : error, problem }, "polling stopped; trying again");
      await sleep(sendProblem(error) === "conflict" ? CONFLICT_WAIT_MS : ERROR_WAIT_MS, stopping.signal).catch(() => {});
    }
  })();
  return {
    problem: () => problem,
    stop: async () => {
      stopping.abort();
      if (handle?.isRunning()) await handle.stop();
      await loop;
    },
  };
}
