import { randomBytes, randomInt } from "node:crypto";
import type { MovableClock } from "./clock.ts";
import { RpcError } from "./errors.ts";
import type { LoginCode } from "./model.ts";
import type { CodeVia } from "./views.ts";

/** A login code lives this long. Telegram does not publish its value. */
export const CODE_TTL_MS = 5 * 60_000;

/** After so many wrong tries the code is dead, as at Telegram. */
const MAX_WRONG_CODES = 3;

/** Login codes: made, checked, expired, cancelled (https://core.telegram.org/api/auth). */
export class LoginCodes {
  readonly #codes: LoginCode[];
  readonly #clock: MovableClock;

  constructor(codes: LoginCode[], clock: MovableClock) {
    this.#codes = codes;
    this.#clock = clock;
  }

  /**
   * A fresh code of 5 digits, bound to the auth key that asked. Codes sent to this phone before are
   * replaced.
   */
  issue(phone: string, keyId: string, type: CodeVia): LoginCode {
    for (const code of this.#codes)
      if (code.phone === phone && code.state === "valid") code.state = "replaced";
    const now = this.#clock.now();
    const code: LoginCode = {
      phone,
      keyId,
      type,
      code: String(randomInt(10_000, 100_000)),
      hash: randomBytes(9).toString("hex"),
      sentAt: now,
      expiresAt: now + CODE_TTL_MS,
      state: "valid",
      wrong: 0,
    };
    this.#codes.push(code);
    return code;
  }

  /** The latest code of a phone, its expiry applied. */
  latest(phone: string): LoginCode | null {
    const code = this.#codes.findLast((candidate) => candidate.phone === phone);
    return code ? this.#aged(code) : null;
  }

  /**
   * The code that `hash` names, if this key may still use it. Throws PHONE_CODE_EXPIRED otherwise:
   * Telegram does not tell an expired code from a cancelled one or from one of another key.
   */
  find(phone: string, hash: string, keyId: string): LoginCode {
    if (hash === "") throw new RpcError(400, "PHONE_CODE_HASH_EMPTY");
    const code = this.#codes.find((candidate) => candidate.hash === hash);
    if (code?.phone !== phone || code.keyId !== keyId || this.#aged(code).state !== "valid") {
      throw new RpcError(400, "PHONE_CODE_EXPIRED");
    }
    return code;
  }

  /**
   * Checks a try and uses the code up. Throws PHONE_CODE_EMPTY, PHONE_CODE_INVALID,
   * PHONE_CODE_EXPIRED.
   */
  use(code: LoginCode, typed: string): void {
    if (typed === "") throw new RpcError(400, "PHONE_CODE_EMPTY");
    if (typed !== code.code) {
      code.wrong += 1;
      if (code.wrong >= MAX_WRONG_CODES) code.state = "withdrawn";
      throw new RpcError(400, "PHONE_CODE_INVALID");
    }
    code.state = "used";
  }

  /**
   * Telegram's rule: a code that is sent in any chat is dead, also with dashes between its digits
   * (https://core.telegram.org/api/auth#invalidating-login-codes). Returns the phones it hit.
   */
  cancelSeen(text: string): string[] {
    const phones: string[] = [];
    for (const code of this.#codes) {
      if (this.#aged(code).state !== "valid" || !mentions(text, code.code)) continue;
      code.state = "cancelled";
      phones.push(code.phone);
    }
    return phones;
  }

  #aged(code: LoginCode): LoginCode {
    if (code.state === "valid" && this.#clock.now() >= code.expiresAt) code.state = "expired";
    return code;
  }
}

function mentions(text: string, code: string): boolean {
  return new RegExp(`(?<!\\d)${[...code].join("[-\\u2010-\\u2015\\s]*")}(?!\\d)`).test(text);
}
