import { sleep } from "@flotilla/kernel";
import { HttpError, type Transformer } from "grammy";

/**
 * Pauses before the further tries. The first comes at once: a connection that was idle for too long
 * is closed by the server, and the next one is new.
 */
const PAUSES_MS = [0, 300, 1000];
/** Twice leaves behind what once does. `getUpdates` is not of them: its loop decides itself. */
const HARMLESS = /^(?:edit|delete|answer|pin|unpin|set|sendChatAction$|get(?!Updates$))/;

/**
 * Calls without an answer are made again where that can do no harm, so that a tap ends in its
 * screen although a connection broke. What sends a message is none of them; see `SureSender`.
 */
export function repeatHarmless(): Transformer {
  return async (call, method, payload, signal) => {
    for (const pauseMs of HARMLESS.test(method) ? PAUSES_MS : []) {
      try {
        return await call(method, payload, signal);
      } catch (error) {
        if (!(error instanceof HttpError) || signal?.aborted) throw error;
      }
      await sleep(pauseMs);
    }
    return await call(method, payload, signal);
  };
}
