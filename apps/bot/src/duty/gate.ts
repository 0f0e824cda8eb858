import type { Transformer } from "grammy";
import type { Duty } from "./duty.ts";

type Signal = Parameters<Transformer>[3];

/**
 * Lets calls of the Bot API through while this bot is the active one; others wait. A poll is
 * interrupted when the lease ends, and what it brings to a process that stood still is left to the
 * bot that is active by then: Telegram keeps what was not confirmed.
 */
export function onlyActive(duty: Duty): Transformer {
  return async (call, method, payload, signal) => {
    for (;;) {
      await duty.untilActing(signal as AbortSignal | undefined);
      if (method !== "getUpdates") return await call(method, payload, signal);
      const { interrupted } = duty;
      const either = signal ? AbortSignal.any([signal as AbortSignal, interrupted]) : interrupted;
      try {
        const answer = await call(method, payload, either as Signal);
        if (duty.mayAct()) return answer;
      } catch (error) {
        if (!interrupted.aborted) throw error;
      }
    }
  };
}
