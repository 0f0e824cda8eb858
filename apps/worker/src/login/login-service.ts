import {
  type CommandOutcome,
  type LoginStep,
  newSealKeyPair,
  type SealKeyPair,
  seal,
  unseal,
  type WorkerCommand,
} from "@flotilla/contracts";
import { AppError, type Clock, toError } from "@flotilla/kernel";
import type { SessionStore, Vault } from "@flotilla/session-store";
import { LoginFlow, type LoginOptions, type LoginResult } from "@flotilla/telegram";
import type { Account } from "../account/account.ts";
import { maskPhone, summary } from "../account/account-summary.ts";
import type { ForeignSession } from "../session/foreign-session.ts";

/** Longest time of a whole login; then the old session is restored. */
const TOTAL_MS = 10 * 60_000;
/** Time that a code is shown as valid. Telegram does not say; 2 to 5 minutes were measured. */
const CODE_MS = 5 * 60_000;

type LoginCommand = Extract<WorkerCommand, { loginId: string }>;

type EntryCommand = Exclude<
  LoginCommand,
  { kind: "login.begin" | "login.cancel" | "login.qr" | "login.session" | "login.adopt" }
>;

interface OpenLogin {
  readonly loginId: string;
  readonly keys: SealKeyPair;
  /** Replaced when the admin changes the method, such as from QR code to phone. */
  flow: LoginFlow;
  /** QR codes are being shown. */
  qr: boolean;
  readonly expiresAt: number;
  readonly timer: NodeJS.Timeout;
}

export interface LoginServiceDeps {
  readonly store: SessionStore;
  readonly vault: Pick<Vault, "backup" | "golden">;
  readonly account: Pick<Account, "pauseForLogin" | "start">;
  readonly options: Omit<LoginOptions, "store">;
  readonly clock: Clock;
  readonly foreign: Pick<ForeignSession, "look" | "adopt" | "forget">;
  /** Called after a login put another key into the session. */
  readonly keyChanged: () => void;
  /** Publishes a step that no command waits for. */
  readonly progress: (loginId: string, step: LoginStep) => void;
}

/**
 * Logs this worker's account in, one step per command. Closes the running connection first and
 * opens it at the end, with the new key or, after a failed login, with the old one.
 */
export class LoginService {
  readonly #deps: LoginServiceDeps;
  #open: OpenLogin | null = null;

  constructor(deps: LoginServiceDeps) {
    this.#deps = deps;
  }

  /** Carries out one step. Throws AppError `bad-seal` for an entry of another login. */
  async perform(command: LoginCommand): Promise<CommandOutcome> {
    if (command.kind === "login.begin")
      return { kind: "login", step: await this.#begin(command.loginId) };
    const login = this.#open;
    if (login?.loginId !== command.loginId) {
      if (command.kind === "login.cancel") return { kind: "login", step: { kind: "cancelled" } };
      return {
        kind: "login",
        step: { kind: "refused", reason: "no-login", fault: null, waitS: null, final: true },
      };
    }
    if (command.kind === "login.cancel") {
      await this.close();
      return { kind: "login", step: { kind: "cancelled" } };
    }
    if (command.kind === "login.qr") {
      await this.#startQr(login, command.publicKey);
      return { kind: "done" };
    }
    // Another method ends the one before.
    if (login.qr || command.kind === "login.session") await this.#newFlow(login);
    if (command.kind === "login.session")
      return { kind: "login", step: await this.#deps.foreign.look(login.loginId, login.keys) };
    if (command.kind === "login.adopt") return { kind: "login", step: await this.#adopt() };
    return { kind: "login", step: await this.#step(login, command) };
  }

  /** Ends the open login, if any; the old session is restored. */
  async close(): Promise<void> {
    const login = this.#open;
    this.#open = null;
    this.#deps.foreign.forget();
    if (!login) return;
    clearTimeout(login.timer);
    await login.flow.cancel();
    this.#deps.account.start();
  }

  async #begin(loginId: string): Promise<LoginStep> {
    await this.close();
    const { account, store, options, clock } = this.#deps;
    await account.pauseForLogin();
    this.#backUp();
    const timer = setTimeout(() => void this.close(), TOTAL_MS);
    timer.unref();
    const keys = newSealKeyPair();
    const expiresAt = clock.now() + TOTAL_MS;
    this.#open = {
      loginId,
      keys,
      flow: new LoginFlow({ ...options, store }),
      qr: false,
      expiresAt,
      timer,
    };
    const phone = store.self()?.phone;
    return {
      kind: "began",
      publicKey: keys.publicKey,
      knownPhoneMasked: phone ? maskPhone(phone) : null,
      expiresAt,
    };
  }

  /** Makes a verified copy first (invariant 4); when it fails, the login does not begin. */
  #backUp(): void {
    const { store, vault, account } = this.#deps;
    if (!store.hasKey) return;
    try {
      vault.backup(store, "before-login");
    } catch (error) {
      account.start();
      throw error;
    }
  }

  /** A failed copy, such as on a full disk, must not fail the login. */
  #keepGolden(): void {
    const { store, vault, options } = this.#deps;
    try {
      vault.golden(store);
    } catch (error) {
      options.log("error", "no golden copy of the new login", { cause: toError(error).message });
    }
  }

  /** Takes over the session that the admin sent; its first connection verifies the account. */
  async #adopt(): Promise<LoginStep> {
    const step = await this.#deps.foreign.adopt();
    if (step.kind !== "session-taken") return step;
    this.#deps.keyChanged();
    await this.close();
    return step;
  }

  /** Publishes QR codes, sealed for the bot, until one is scanned; then publishes the result. */
  async #startQr(login: OpenLogin, publicKey: string): Promise<void> {
    await this.#newFlow(login);
    login.qr = true;
    const { flow, loginId } = login;
    const { progress } = this.#deps;
    const show = (token: { readonly url: string; readonly expiresAt: number }): void =>
      progress(loginId, {
        kind: "qr",
        sealed: seal(publicKey, loginId, token.url),
        expiresAt: token.expiresAt,
      });
    void flow.startQr(show).then(
      async (result) => {
        // The admin chose another method or ended the login: the result is dropped.
        if (this.#open !== login || login.flow !== flow) return;
        login.qr = false;
        progress(loginId, await this.#settle(result));
      },
      (error: unknown) => {
        this.#deps.options.log("error", "login by QR code failed", {
          cause: toError(error).message,
        });
        if (this.#open === login && login.flow === flow)
          progress(loginId, toStep(FAILED, this.#deps.clock.now()));
      },
    );
  }

  /** Replaces the running flow without a change to the old session. */
  async #newFlow(login: OpenLogin): Promise<void> {
    const { options, store } = this.#deps;
    const before = login.flow;
    login.flow = new LoginFlow({ ...options, store });
    login.qr = false;
    await before.cancel();
  }

  async #step(login: OpenLogin, command: EntryCommand): Promise<LoginStep> {
    return await this.#settle(await this.#run(login, command));
  }

  /** Closes a finished login and turns the result into a step. */
  async #settle(result: LoginResult): Promise<LoginStep> {
    if (result.kind === "done") {
      this.#keepGolden();
      this.#deps.keyChanged();
    }
    if (result.kind === "done" || (result.kind === "refused" && result.final)) await this.close();
    return toStep(result, this.#deps.clock.now());
  }

  async #run(login: OpenLogin, command: EntryCommand): Promise<LoginResult> {
    if (command.kind === "login.resend")
      return await login.flow.resendCode({ fresh: command.fresh === true });
    if (command.kind === "login.keep") return await login.flow.keepChanged();
    const entry = unseal(login.keys.privateKey, login.loginId, command.sealed);
    switch (command.kind) {
      case "login.phone":
        return await login.flow.sendCode(entry || this.#storedPhone());
      case "login.code":
        return await login.flow.submitCode(entry);
      case "login.password":
        return await login.flow.submitPassword(entry);
      default:
        return command satisfies never;
    }
  }

  #storedPhone(): string {
    const phone = this.#deps.store.self()?.phone;
    if (!phone)
      throw new AppError("no-phone", "No phone number is stored for this worker. Send the number.");
    return phone;
  }
}

const FAILED: LoginResult = {
  kind: "refused",
  reason: "other",
  fault: null,
  waitS: null,
  final: false,
};

function toStep(result: LoginResult, now: number): LoginStep {
  switch (result.kind) {
    case "code-sent": {
      const { via, length, nextVia, resendAfterS } = result;
      return {
        kind: "code-sent",
        via,
        length,
        nextVia,
        resendAt: resendAfterS === null ? null : now + resendAfterS * 1000,
        expiresAt: now + CODE_MS,
      };
    }
    case "changed":
      return { kind: "changed", account: summary(result.self), before: summary(result.before) };
    case "done":
      return { kind: "done", account: summary(result.self) };
    case "password-needed":
    case "wrong-code":
    case "code-expired":
    case "wrong-password":
    case "refused":
      return result;
    default:
      return result satisfies never;
  }
}
