import { randomBytes } from "node:crypto";
import type { MovableClock } from "./clock.ts";
import { RpcError } from "./errors.ts";
import type { QrToken } from "./model.ts";

/** A QR token lives about this long (https://core.telegram.org/api/qr-login). */
export const QR_TTL_MS = 30_000;

/** QR login tokens: exported, accepted, imported. */
export class QrLogins {
  readonly #tokens: QrToken[];
  readonly #clock: MovableClock;

  constructor(tokens: QrToken[], clock: MovableClock) {
    this.#tokens = tokens;
    this.#clock = clock;
  }

  /**
   * The key's accepted token, or else a token to show: the current one until it expires, then a new
   * one.
   */
  export(options: { keyId: string; dc: number; exceptIds: bigint[] }): QrToken {
    const current = this.#tokens.findLast(
      (token) => token.keyId === options.keyId && !token.used && this.#alive(token),
    );
    if (current) return current;
    const token: QrToken = {
      ...options,
      token: randomBytes(32).toString("base64url"),
      expiresAt: this.#clock.now() + QR_TTL_MS,
      acceptedBy: null,
      used: false,
    };
    this.#tokens.push(token);
    return token;
  }

  /**
   * Marks the token as accepted by an account. Throws AUTH_TOKEN_INVALID, _EXPIRED,
   * _ALREADY_ACCEPTED, _EXCEPTION.
   */
  accept(text: string, account: bigint): QrToken {
    const token = this.#find(text);
    if (token.acceptedBy !== null || token.used)
      throw new RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED");
    if (token.exceptIds.includes(account)) throw new RpcError(400, "AUTH_TOKEN_EXCEPTION");
    token.acceptedBy = account;
    token.expiresAt = this.#clock.now() + QR_TTL_MS;
    return token;
  }

  /**
   * An accepted token that is to be turned into a login, e.g. on another DC. Throws as {@link
   * accept}.
   */
  redeem(text: string): QrToken {
    const token = this.#find(text);
    if (token.used) throw new RpcError(400, "AUTH_TOKEN_ALREADY_ACCEPTED");
    if (token.acceptedBy === null) throw new RpcError(400, "AUTH_TOKEN_INVALID");
    return token;
  }

  /** Tokens that wait for a scan. */
  pending(): QrToken[] {
    return this.#tokens.filter((token) => token.acceptedBy === null && this.#alive(token));
  }

  #find(text: string): QrToken {
    const token = this.#tokens.find((candidate) => candidate.token === text.replace(/=+$/, ""));
    if (!token) throw new RpcError(400, "AUTH_TOKEN_INVALID");
    if (!this.#alive(token)) throw new RpcError(400, "AUTH_TOKEN_EXPIRED");
    return token;
  }

  #alive(token: QrToken): boolean {
    return this.#clock.now() < token.expiresAt;
  }
}
