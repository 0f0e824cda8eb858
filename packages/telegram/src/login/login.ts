import { AppError, systemClock } from "@flotilla/kernel";
import { Api } from "telegram";
import { fetchSelf } from "../link/self.ts";
import { DEFAULT_TIMINGS } from "../link/timings.ts";
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
import {
  type LoginCode,
  type LoginEvent,
  type LoginState,
  NOT_BEGUN,
  transition,
} from "./login-state.ts";

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
  #state: LoginState = NOT_BEGUN;
  #running: Promise<unknown> | null = null;
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
      if (this.#state.at === "signed-in") return await this.#finish();
      const digits = phone.replace(/\D/g, "");
      this.#enter({ kind: "phone-given", phone: digits });
      return await this.#requestCode(digits);
    });
  }

  /**
   * Requests the code again: by the server's next way, or as a new code when the old one is used
   * up. `fresh`: the old one is used up, also where there is no next way.
   */
  resendCode({ fresh = false }: { readonly fresh?: boolean } = {}): Promise<LoginResult> {
    return this.#step(async () => {
      if (this.#state.at === "signed-in") return await this.#finish();
      const code = this.#code();
      if (code.kind === "none") return refuse("wrong-step");
      if (code.kind === "due") return await this.#requestCode(code.phone);
      const { phone, sent, wrong } = code;
      try {
        return await this.#codeSent(
          await this.#link.invoke(
            new Api.auth.ResendCode({ phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash }),
          ),
        );
      } catch (error) {
        const isUsedUp = fresh || wrong >= MAX_TRIES;
        if (
          answered(error, "PHONE_CODE_EXPIRED") ||
          (isUsedUp && answered(error, "SEND_CODE_UNAVAILABLE"))
        )
          return await this.#requestCode(phone);
        throw error;
      }
    });
  }

  /** Tries a code. After three wrong codes a new one must be requested. */
  submitCode(typed: string): Promise<LoginResult> {
    const take = async (): Promise<LoginResult> => {
      const early = await this.#alreadyIn();
      if (early) return early;
      const code = this.#code();
      if (code.kind !== "sent") return refuse("wrong-step");
      if (code.wrong >= MAX_TRIES) return refuse("too-many-codes");
      try {
        return await this.#authorisation(
          await this.#link.invoke(signInRequest(code.phone, code.sent, typed.trim())),
        );
      } catch (error) {
        if (answered(error, "SESSION_PASSWORD_NEEDED")) return await this.#askPassword();
        if (answered(error, "PHONE_CODE_EXPIRED", "EMAIL_VERIFY_EXPIRED")) {
          this.#enter({ kind: "code-expired" });
          return { kind: "code-expired" };
        }
        if (!answered(error, "PHONE_CODE_INVALID", "PHONE_CODE_EMPTY", "CODE_INVALID")) throw error;
        this.#enter({ kind: "code-wrong" });
        return { kind: "wrong-code", triesLeft: MAX_TRIES - code.wrong - 1 };
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
      const state = this.#state;
      if (state.at !== "password") return refuse("wrong-step");
      if (state.wrongPasswords >= MAX_TRIES) return refuse("too-many-passwords");
      try {
        return await this.#authorisation(await checkPassword(this.#link, password));
      } catch (error) {
        if (!answered(error, "PASSWORD_HASH_INVALID", "PASSWORD_EMPTY")) throw error;
        this.#enter({ kind: "password-wrong" });
        return { kind: "wrong-password", triesLeft: MAX_TRIES - state.wrongPasswords - 1 };
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
        clock: this.#options.clock ?? systemClock,
        onToken,
        onScan: (listener) => {
          this.#scanned = listener;
        },
      });
      if (outcome === "password-needed") return await this.#askPassword();
      if (outcome === "qr-expired") return refuse("qr-expired");
      return await this.#authorisation(outcome);
    });
  }

  /**
   * After `changed`: accepts the other account. Until then, and after `cancel`, the old session is
   * untouched.
   */
  keepChanged(): Promise<LoginResult> {
    return this.#step(async () => {
      if (this.#state.at !== "signed-in") return refuse("wrong-step");
      this.#enter({ kind: "change-accepted" });
      return await this.#finish();
    });
  }

  /**
   * Ends the flow and leaves the old session as it was. Resolves when the connection is closed.
   * Idempotent.
   */
  async cancel(): Promise<void> {
    const before = this.#state;
    if (before.at === "ended") return;
    this.#enter({ kind: "ended" });
    this.#abort.abort();
    if (!this.#running || before.at === "signed-in") await this.#sayGoodbye(before);
    await this.#link.close();
    await this.#running?.catch(() => {});
    this.#link.rollback();
  }

  async #step(work: () => Promise<LoginResult>): Promise<LoginResult> {
    if (this.#running)
      throw new AppError("login-busy", "The previous step of this login is still under way.");
    if (this.#isOver()) return refuse("cancelled");
    const running = work();
    this.#running = running;
    try {
      return await running;
    } catch (error) {
      const { aborted, reason } = this.#abort.signal;
      if (aborted && error === reason) return refuse("cancelled");
      const refusal = refusalOf(error);
      return aborted ? refuse("cancelled") : refusal;
    } finally {
      this.#running = null;
    }
  }

  #enter(event: LoginEvent): void {
    const next = transition(this.#state, event);
    if ("refused" in next) throw new Error(`A login at "${next.at}" cannot get "${next.event}".`);
    this.#state = next;
  }

  /** Not by `#state.at` alone: TypeScript would rule out that `cancel` changed it meanwhile. */
  #isOver(): boolean {
    return this.#state.at === "ended";
  }

  #code(): LoginCode {
    return codeOf(this.#state);
  }

  /**
   * After a lost answer, asks the server whether that step completed the login. Null = it did not.
   */
  async #alreadyIn(): Promise<LoginResult | null> {
    if (this.#state.at === "signed-in") return await this.#finish();
    if (!this.#link.answerLost) return null;
    try {
      await fetchSelf(await this.#link.ready());
    } catch (error) {
      if (rawRpcError(error) === null) throw error;
      this.#link.answerLost = false;
      if (answered(error, "SESSION_PASSWORD_NEEDED")) return await this.#askPassword();
      return null;
    }
    return await this.#signedIn();
  }

  async #requestCode(phone: string): Promise<LoginResult> {
    return await this.#codeSent(await requestCode(this.#link, phone, this.#options.api));
  }

  async #codeSent(sent: Api.auth.TypeSentCode): Promise<LoginResult> {
    if (sent instanceof Api.auth.SentCodeSuccess)
      return await this.#authorisation(sent.authorization);
    if (!(sent instanceof Api.auth.SentCode)) return refuse("other");
    this.#enter({ kind: "code-sent", sent });
    return describeSentCode(sent);
  }

  async #askPassword(): Promise<LoginResult> {
    this.#enter({ kind: "password-needed" });
    const { hint } = await this.#link.invoke(new Api.account.GetPassword());
    return { kind: "password-needed", hint: hint ?? null };
  }

  async #authorisation(answer: Api.auth.TypeAuthorization): Promise<LoginResult> {
    // GramJS would sign up here, in the account owner's name (docs/gramjs.md).
    if (!(answer instanceof Api.auth.Authorization)) return refuse("no-account");
    return await this.#signedIn();
  }

  async #signedIn(): Promise<LoginResult> {
    this.#enter({ kind: "signed-in" });
    return await this.#finish();
  }

  /**
   * The key is authorised: find its account, store it, disconnect. A lost connection must not cost
   * the login.
   */
  async #finish(): Promise<LoginResult> {
    const self = await fetchSelfPatiently(this.#link);
    const before = this.#options.store.self();
    const mayChange = this.#state.at === "signed-in" && this.#state.mayChange;
    if (before !== null && before.id !== self.id && !mayChange)
      return { kind: "changed", self, before };
    const owner = (await this.#options.ownerElsewhere?.(self)) ?? null;
    // A cancelled login must not replace the key.
    if (this.#isOver()) return refuse("cancelled");
    if (owner !== null) return await this.#leave("already-used", owner);
    try {
      this.#link.commit(self);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "session-duplicate") throw error;
      return await this.#leave("already-used", String(error.details["other"] ?? ""));
    }
    this.#enter({ kind: "ended" });
    await this.#link.close();
    return { kind: "done", self };
  }

  /**
   * The account may not be kept here: releases the new authorisation; the old session stays as it
   * was.
   */
  async #leave(reason: RefusalReason, who: string): Promise<LoginResult> {
    const before = this.#state;
    this.#enter({ kind: "ended" });
    await this.#sayGoodbye(before);
    await this.#link.close();
    this.#link.rollback();
    return refuse(reason, who);
  }

  /** Tells the server that the login is abandoned. The old session does not depend on it. */
  async #sayGoodbye(state: LoginState): Promise<void> {
    const isIn = state.at === "signed-in" || this.#link.answerLost;
    await sayGoodbye(this.#link, isIn ? "signed-in" : codeOf(state));
  }
}

function codeOf(state: LoginState): LoginCode {
  return "code" in state ? state.code : { kind: "none" };
}
