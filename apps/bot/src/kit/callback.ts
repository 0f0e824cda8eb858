import type { Verb } from "./button.ts";

/** Telegram's limit for callback data, in bytes of UTF-8. */
export const CALLBACK_LIMIT_BYTES = 64;

/**
 * A parsed button press. `worker` is what the button is about (a worker, and for some verbs a route,
 * a step or a tag); `arg` is a page number, a digit or a time stamp in base 36, by verb.
 */
export interface Press {
  readonly verb: string;
  readonly worker: string;
  readonly arg: string;
}

/**
 * Encodes a button as `v1:<verb>:<worker>:<arg>`. Throws RangeError over 64 bytes; a test encodes
 * each button.
 */
export function encodePress(verb: Verb, worker = "", arg = ""): string {
  const data = `v1:${verb}:${worker}:${arg}`;
  if (Buffer.byteLength(data) > CALLBACK_LIMIT_BYTES)
    throw new RangeError(`callback data over ${CALLBACK_LIMIT_BYTES} bytes: ${data}`);
  return data;
}

const PATTERN = /^v1:([a-z-]{1,16}):([a-z0-9_-]{0,32}):([a-z0-9-]{0,16})$/;

/**
 * Parses untrusted callback data. Null = not Flotilla's, or of another version: answer with a fresh
 * screen. Whether a button with this verb exists is for the registry to say.
 */
export function decodePress(data: string): Press | null {
  const [, verb, worker = "", arg = ""] = PATTERN.exec(data) ?? [];
  return verb === undefined ? null : { verb, worker, arg };
}
