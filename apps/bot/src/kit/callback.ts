import type { Verb } from "./button.ts";

/** Telegram's limit for callback data, in bytes of UTF-8. */
export const CALLBACK_LIMIT_BYTES = 64;

/** A parsed button press. */
export interface Press {
  readonly verb: string;
  /**
   * The name of what the button is about: a worker, and for some verbs a route, a step of the
   * wizard or a tag. Empty = the whole fleet, or nothing.
   */
  readonly about: string;
  /** What to do with it, by verb: a page number, a digit, a time stamp in base 36. */
  readonly arg: string;
}

/**
 * Encodes a button as `v1:<verb>:<about>:<arg>`. Throws RangeError over 64 bytes; a test encodes
 * each button.
 */
export function encodePress(verb: Verb, about = "", arg = ""): string {
  const data = `v1:${verb}:${about}:${arg}`;
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
  const [, verb, about = "", arg = ""] = PATTERN.exec(data) ?? [];
  return verb === undefined ? null : { verb, about, arg };
}
