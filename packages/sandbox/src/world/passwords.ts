import { randomBytes } from "node:crypto";
import {
  makeVerifier,
  provesPassword,
  type SrpRound,
  type SrpVerifier,
  startRound,
} from "../mtproto/crypto/srp.ts";
import type { MovableClock } from "./clock.ts";
import { RpcError } from "./errors.ts";
import type { Account, PasswordState } from "./model.ts";

/** So many wrong passwords, then a wait. */
const MAX_WRONG_PASSWORDS = 5;
const PASSWORD_FLOOD_MS = 60 * 60_000;

interface PendingRound {
  readonly account: bigint;
  readonly round: SrpRound;
}

/** A started SRP round, as account.getPassword shows it. */
export interface PasswordQuestion {
  readonly srpId: bigint;
  readonly publicB: Buffer;
  readonly verifier: SrpVerifier;
}

/** Two-step verification (https://core.telegram.org/api/srp). Rounds live in memory only. */
export class Passwords {
  readonly #clock: MovableClock;
  readonly #rounds = new Map<bigint, PendingRound>();

  constructor(clock: MovableClock) {
    this.#clock = clock;
  }

  ask(account: Account, password: PasswordState): PasswordQuestion {
    password.verifier ??= makeVerifier(password.text);
    const round = startRound(password.verifier);
    const srpId = randomBytes(8).readBigInt64LE();
    for (const [id, pending] of this.#rounds)
      if (pending.account === account.id) this.#rounds.delete(id);
    this.#rounds.set(srpId, { account: account.id, round });
    return { srpId, publicB: round.publicB, verifier: password.verifier };
  }

  /**
   * Throws PASSWORD_HASH_INVALID, SRP_ID_INVALID, or PHONE_PASSWORD_FLOOD after five wrong tries.
   */
  check(
    account: Account,
    password: PasswordState,
    proof: { srpId: bigint; A: Uint8Array; M1: Uint8Array },
  ): void {
    this.refuseFlood(password);
    const pending = this.#rounds.get(proof.srpId);
    if (pending?.account !== account.id || !password.verifier)
      throw new RpcError(400, "SRP_ID_INVALID");
    this.#rounds.delete(proof.srpId);
    if (provesPassword(password.verifier, pending.round, proof)) {
      password.wrong = 0;
      return;
    }
    password.wrong += 1;
    if (password.wrong >= MAX_WRONG_PASSWORDS)
      password.blockedUntil = this.#clock.now() + PASSWORD_FLOOD_MS;
    throw new RpcError(400, "PASSWORD_HASH_INVALID");
  }

  /** Throws PHONE_PASSWORD_FLOOD while the account is blocked. */
  refuseFlood(password: PasswordState): void {
    if (this.#clock.now() < password.blockedUntil) throw new RpcError(406, "PHONE_PASSWORD_FLOOD");
    if (password.wrong >= MAX_WRONG_PASSWORDS) password.wrong = 0;
  }
}
