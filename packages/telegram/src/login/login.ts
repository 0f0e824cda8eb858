import { AppError } from "@flotilla/kernel";
import { Api } from "telegram";
import { fetchSelf } from "../link/self.ts";
import { DEFAULT_TIMINGS } from "../link/timings.ts";
import { lostReason } from "../wire/fault.ts";
import { updatesIn } from "../wire/incoming.ts";
import { rawRpcError } from "../wire/vendor.ts";
import {
  checkPassword,
  fetchSelfPatiently,
  overBrokenLink,
  requestCode,
  sayGoodbye,
  signInRequest,
} from "./login-calls.ts";
import { LoginLink } from "./login-link.ts";
import type { LoginOptions } from "./login-options.ts";
import { runQr } from "./login-qr.ts";
import {
  answered,
  describeSentCode,
  type LoginResult,
  type QrToken,
  type RefusalReason,
  refusalOf,
  refuse,
} from "./login-result.ts";

/**
 * Wrong tries before the flow refuses; below Telegram's limits, which answer with hours of flood
 * wait.
 */
const MAX_TRIES = 3;
const QR_LIMIT_MS = 5 * 60_000;

/**
 * One login of one session, step by step, over one pending key (docs/gramjs.md). Until `done` the
 * old session is untouched; after `done` or `cancel` no connection is left. Never signs up. Steps
 * run one at a time (AppError `login-busy`); only `cancel` may interrupt. Results, errors and log
 * lines contain no secret.
 */
export class LoginFlow {
  readonly #options: LoginOptions;
  readonly #link: LoginLink;
  readonly #abort = new AbortController();
  #busy: Promise<unknown> | null = null;
  #phone = "";
  #sent: Api.auth.SentCode | null = null;
  #codeTries = 0;
  #passwordTries = 0;
  #passwordNeeded = false;
  #authorised = false;
  #ended = false;
  #changeWanted = false;
  #scanned: () => void = () => {};

  constructor(options: LoginOptions) {
    this.#options = options;
    const updates = (update: unknown): void => {
      if (updatesIn(update).some((each) => each instanceof Api.UpdateLoginToken)) this.#scanned();
    };
    this.#link = new LoginLink({
      ...options,
      timings: { ...DEFAULT_TIMINGS, ...options.timings },
      updates,
    });
  }

  /** Requests a code. `phone` is in international form; everything but digits is ignored. */
  sendCode(phone: string): Promise<LoginResult> {
    return this.#step(async () => {
      this.#phone = phone.replace(/\D/g, "");
      return await this.#codeSent(await requestCode(this.#link, this.#phone, this.#options.api));
    });
  }

  /**
   * Requests the code again: by the server's next way, or as a new code when the old one is used
   * up. `fresh`: the old one is used up, also where there is no next way.
   */
  resendCode({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<LoginResult> {
    return this.#step(async () => {
      if (this.#phone === "") return refuse("wrong-step");
      if (!this.#sent)
        return await this.#codeSent(await requestCode(this.#link, this.#phone, this.#options.api));
      const { phoneCodeHash } = this.#sent;
      try {
        return await this.#codeSent(
          await this.#link.invoke(
            new Api.auth.ResendCode({ phoneNumber: this.#phone, phoneCodeHash }),
          ),
        );
      } catch (error) {
        const isUsedUp = fresh || this.#codeTries >= MAX_TRIES;
        if (
          answered(error, "PHONE_CODE_EXPIRED") ||
          (isUsedUp && answered(error, "SEND_CODE_UNAVAILABLE"))
        )
          return await this.#codeSent(
            await requestCode(this.#link, this.#phone, this.#options.api),
          );
        throw error;
      }
    });
  }

  /** Tries a code. After three wrong codes a new one must be requested. */
  submitCode(code: string): Promise<LoginResult> {
    const take = async (): Promise<LoginResult> => {
      const early = await this.#alreadyIn();
      if (early) return early;
      if (!this.#sent) return refuse("wrong-step");
      if (this.#codeTries >= MAX_TRIES) return refuse("too-many-codes");
      try {
        return await this.#authorisation(
          await this.#link.invoke(signInRequest(this.#phone, this.#sent, code.trim())),
        );
      } catch (error) {
        if (answered(error, "SESSION_PASSWORD_NEEDED")) return await this.#askPassword();
        if (answered(error, "PHONE_CODE_EXPIRED", "EMAIL_VERIFY_EXPIRED"))
          return this.#codeExpired();
        if (!answered(error, "PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "CODE_INVALID")) throw error;
        this.#codeTries++;
        return { kind: "wrong-code", triesLeft: MAX_TRIES - this.#codeTries };
      }
    };
    return this.#step(() => overBrokenLink(take));
  }

  /**
   * Tries the 2FA password. Refuses after three wrong ones, before Telegram answers with a long
   * flood wait.
   */
  submitPassword(password: string): Promise<LoginResult> {
    const take = async (): Promise<LoginResult> => {
      const early = await this.#alreadyIn();
      if (early) return early;
      if (!this.#passwordNeeded) return refuse("wrong-step");
      if (this.#passwordTries >= MAX_TRIES) return refuse("too-many-passwords");
      try {
        return await this.#authorisation(await checkPassword(this.#link, password));
      } catch (error) {
        if (!answered(error, "PASSWORD_HASH_INVALID", "PASSWORD_EMPTY")) throw error;
        this.#passwordTries++;
        return { kind: "wrong-password", triesLeft: MAX_TRIES - this.#passwordTries };
      }
    };
    return this.#step(() => overBrokenLink(take));
  }

  /**
   * Logs in by QR code: `onToken` gets each new token until one is scanned. Ends with
   * `password-needed`, `done` or a refusal (`qr-expired` after the limit).
   */
  startQr(onToken: (token: QrToken) => void): Promise<LoginResult> {
    return this.#step(async () => {
      const early = await this.#alreadyIn();
      if (early) return early;
      const outcome = await runQr({
        link: this.#link,
        api: this.#options.api,
        limitMs: this.#options.qrLimitMs ?? QR_LIMIT_MS,
        signal: this.#abort.signal,
        onToken,
        onScan: (listener) => {
          this.#scanned = listener;
        },
      });
      if (outcome === "password-needed") return await this.#askPassword();
      return outcome === "qr-expired" ? refuse("qr-expired") : await this.#authorisation(outcome);
    });
  }

  /**
   * After `changed`: accepts the other account. Until then, and after `cancel`, the old session is
   * untouched.
   */
  keepChanged(): Promise<LoginResult> {
    return this.#step(async () => {
      this.#changeWanted = this.#authorised;
      return this.#authorised ? await this.#finish() : refuse("wrong-step");
    });
  }

  /**
   * Ends the flow and leaves the old session as it was. Resolves when the connection is closed.
   * Idempotent.
   */
  async cancel(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#abort.abort();
    if (!this.#busy) await this.#sayGoodbye();
    await this.#link.close();
    await this.#busy?.catch(() => {});
    this.#link.rollback();
  }

  async #step(work: () => Promise<LoginResult>): Promise<LoginResult> {
    if (this.#busy)
      throw new AppError("login-busy", "The previous step of this login is still under way.");
    if (this.#ended) return refuse("cancelled");
    const running = work();
    this.#busy = running;
    try {
      return await running;
    } catch (error) {
      if (
        this.#abort.signal.aborted &&
        (lostReason(error) !== null || error === this.#abort.signal.reason)
      )
        return refuse("cancelled");
      return refusalOf(error);
    } finally {
      this.#busy = null;
    }
  }

  /**
   * After a lost answer, asks the server whether that step completed the login. Null = it did not.
   */
  async #alreadyIn(): Promise<LoginResult | null> {
    if (this.#authorised) return await this.#finish();
    if (!this.#link.answerLost) return null;
    try {
      await fetchSelf(await this.#link.ready());
    } catch (error) {
      if (rawRpcError(error) === null) throw error;
      this.#link.answerLost = false;
      return answered(error, "SESSION_PASSWORD_NEEDED") ? await this.#askPassword() : null;
    }
    this.#authorised = true;
    return await this.#finish();
  }

  async #codeSent(sent: Api.auth.TypeSentCode): Promise<LoginResult> {
    if (sent instanceof Api.auth.SentCodeSuccess)
      return await this.#authorisation(sent.authorization);
    if (!(sent instanceof Api.auth.SentCode)) return refuse("other");
    this.#sent = sent;
    this.#codeTries = 0;
    this.#passwordNeeded = false;
    return describeSentCode(sent);
  }

  #codeExpired(): LoginResult {
    this.#sent = null;
    return { kind: "code-expired" };
  }

  async #askPassword(): Promise<LoginResult> {
    this.#passwordNeeded = true;
    const { hint } = await this.#link.invoke(new Api.account.GetPassword());
    return { kind: "password-needed", hint: hint ?? null };
  }

  async #authorisation(answer: Api.auth.TypeAuthorization): Promise<LoginResult> {
    // GramJS would sign up here, in the account owner's name (docs/gramjs.md).
    if (!(answer instanceof Api.auth.Authorization)) return refuse("no-account");
    this.#authorised = true;
    return await this.#finish();
  }

  /**
   * The key is authorised: find its account, store it, disconnect. A lost connection must not cost
   * the login.
   */
  async #finish(): Promise<LoginResult> {
    const self = await fetchSelfPatiently(this.#link);
    const before = this.#options.store.self();
    if (before !== null && before.id !== self.id && !this.#changeWanted)
      return { kind: "changed", self, before };
    const owner = (await this.#options.ownerElsewhere?.(self)) ?? null;
    if (owner !== null) return await this.#leave("already-used", owner);
    try {
      this.#link.commit(self);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "session-duplicate") throw error;
      return await this.#leave("already-used", String(error.details["other"] ?? ""));
    }
    this.#ended = true;
    await this.#link.close();
    return { kind: "done", self };
  }

  /**
   * The account may not be kept here: releases the new authorisation; the old session stays as it
   * was.
   */
  async #leave(reason: RefusalReason, who: string): Promise<LoginResult> {
    this.#ended = true;
    await this.#sayGoodbye();
    await this.#link.close();
    this.#link.rollback();
    return refuse(reason, who);
  }

  /** Tells the server that the login is abandoned. The old session does not depend on it. */
  async #sayGoodbye(): Promise<void> {
    await sayGoodbye(
      this.#link,
      this.#authorised || this.#link.answerLost ? "logged-in" : this.#sent,
      this.#phone,
    );
  }
}
