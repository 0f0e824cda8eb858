import {
  type CommandOutcome,
  type LoginStep,
  newSealKeyPair,
  type Sealed,
  type SealKeyPair,
  seal,
  unseal,
  type WorkerCommand,
} from "@flotilla/contracts";
import { AppError, type Clock, toError } from "@flotilla/kernel";
import type { ParsedSession, SessionStore, Vault } from "@flotilla/session-store";
import { LoginFlow, type LoginOptions, type LoginResult } from "@flotilla/telegram";
import type { Account } from "../account/account.ts";
import { maskPhone, summary } from "../account/account-summary.ts";
import { type ForeignSession, refused } from "../session/foreign-session.ts";

/** Longest time of a whole login; then the old session is restored. */
const TOTAL_MS = 10 * 60_000;
/** Time that a code is shown as valid. Telegram does not say; 2 to 5 minutes were measured. */
const CODE_MS = 5 * 60_000;

type LoginCommand = Extract<WorkerCommand, { loginId: string }>;

type EntryCommand = Exclude<
  LoginCommand,
  { kind: "login.begin" | "login.cancel" | "login.qr" | "login.session" | "login.adopt" }
>;

/** What stays the same when the admin changes the method. */
interface Begun {
  readonly loginId: string;
  readonly keys: SealKeyPair;
  readonly timer: NodeJS.Timeout;
}

/** How the admin logs in now. */
type Method =
  /** Typed codes and passwords. */
  | { readonly kind: "entry"; readonly flow: LoginFlow }
  /** QR codes are shown until one is scanned. */
  | { readonly kind: "qr"; readonly flow: LoginFlow }
  /** A session file was read and waits for a yes. */
  | { readonly kind: "session"; readonly found: ParsedSession };

/** An open login. Never changed, only replaced: work under way compares it after each wait. */
interface OpenLogin extends Begun {
  readonly method: Method;
}

export interface LoginServiceDeps {
  readonly store: SessionStore;
  readonly vault: Pick<Vault, "backup" | "golden">;
  readonly account: Pick<Account, "pauseForLogin" | "start">;
  readonly options: Omit<LoginOptions, "store">;
  readonly clock: Clock;
  readonly foreign: Pick<ForeignSession, "look" | "adopt" | "takenElsewhere">;
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
    const isOpen = login?.loginId === command.loginId;
    if (command.kind === "login.cancel") {
      if (isOpen) await this.close();
      return { kind: "login", step: { kind: "cancelled" } };
    }
    if (!isOpen) return { kind: "login", step: NO_LOGIN };
    switch (command.kind) {
      case "login.qr":
        await this.#startQr(login, command.publicKey);
        return { kind: "done" };
      case "login.session":
        return { kind: "login", step: await this.#look(login) };
      case "login.adopt":
        return { kind: "login", step: await this.#adopt(login) };
      default:
        return { kind: "login", step: await this.#step(login, command) };
    }
  }

  /** Ends the open login, if any; the old session is restored. */
  async close(): Promise<void> {
    const login = this.#open;
    this.#open = null;
    if (!login) return;
    clearTimeout(login.timer);
    await cancelFlow(login.method);
    this.#deps.account.start();
  }

  async #begin(loginId: string): Promise<LoginStep> {
    await this.close();
    const { account, store, clock } = this.#deps;
    await account.pauseForLogin();
    this.#backUp();
    const timer = setTimeout(() => void this.close(), TOTAL_MS);
    timer.unref();
    const keys = newSealKeyPair();
    this.#open = { loginId, keys, timer, method: { kind: "entry", flow: this.#newFlow() } };
    const phone = store.self()?.phone;
    return {
      kind: "began",
      publicKey: keys.publicKey,
      knownPhoneMasked: phone ? maskPhone(phone) : null,
      expiresAt: clock.now() + TOTAL_MS,
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

  /** Reads the session that the admin sent. */
  async #look(login: OpenLogin): Promise<LoginStep> {
    const reading = await this.#change(login, { kind: "entry", flow: this.#newFlow() });
    const { step, found } = await this.#deps.foreign.look(login.loginId, login.keys);
    if (found && this.#open === reading)
      this.#open = { ...reading, method: { kind: "session", found } };
    return step;
  }

  /** Takes over the session that the admin sent; its first connection verifies the account. */
  async #adopt(login: OpenLogin): Promise<LoginStep> {
    const { foreign, keyChanged } = this.#deps;
    if (login.method.kind !== "session") return refused("wrong-step");
    const { found } = login.method;
    const taken = await foreign.takenElsewhere(found);
    if (taken) return taken;
    // The login may have ended meanwhile: then the old session is in use again.
    if (this.#open !== login) return NO_LOGIN;
    const step = foreign.adopt(found);
    if (step.kind !== "session-taken") return step;
    keyChanged();
    await this.close();
    return step;
  }

  /** Publishes QR codes, sealed for the bot, until one is scanned; then publishes the result. */
  async #startQr(before: OpenLogin, publicKey: string): Promise<void> {
    const flow = this.#newFlow();
    const login = await this.#change(before, { kind: "qr", flow });
    const { loginId } = login;
    const { progress } = this.#deps;
    const show = (token: { readonly url: string; readonly expiresAt: number }): void =>
      progress(loginId, {
        kind: "qr",
        sealed: seal(publicKey, loginId, token.url),
        expiresAt: token.expiresAt,
      });
    // The result is dropped when the admin chose another method or ended the login.
    void flow.startQr(show).then(
      async (result) => {
        if (this.#open !== login) return;
        this.#open = { ...login, method: { kind: "entry", flow } };
        progress(loginId, await this.#settle(result));
      },
      (error: unknown) => {
        const { options, clock } = this.#deps;
        options.log("error", "login by QR code failed", { cause: toError(error).message });
        if (this.#open === login) progress(loginId, toStep(FAILED, clock.now()));
      },
    );
  }

  /** Another method ends the one before, without a change to the old session. */
  async #change<M extends Method>(
    login: OpenLogin,
    method: M,
  ): Promise<OpenLogin & { readonly method: M }> {
    const changed = { ...login, method };
    this.#open = changed;
    await cancelFlow(login.method);
    return changed;
  }

  #newFlow(): LoginFlow {
    const { options, store } = this.#deps;
    return new LoginFlow({ ...options, store });
  }

  async #step(login: OpenLogin, command: EntryCommand): Promise<LoginStep> {
    const { method, keys, loginId } =
      login.method.kind === "entry"
        ? { ...login, method: login.method }
        : await this.#change(login, { kind: "entry", flow: this.#newFlow() });
    const typed = (sealed: Sealed): string => unseal(keys.privateKey, loginId, sealed);
    return await this.#settle(await this.#run(method.flow, command, typed));
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

  async #run(
    flow: LoginFlow,
    command: EntryCommand,
    typed: (sealed: Sealed) => string,
  ): Promise<LoginResult> {
    switch (command.kind) {
      case "login.resend":
        return await flow.resendCode({ fresh: command.fresh === true });
      case "login.keep":
        return await flow.keepChanged();
      case "login.phone":
        return await flow.sendCode(typed(command.sealed) || this.#storedPhone());
      case "login.code":
        return await flow.submitCode(typed(command.sealed));
      case "login.password":
        return await flow.submitPassword(typed(command.sealed));
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

async function cancelFlow(method: Method): Promise<void> {
  if ("flow" in method) await method.flow.cancel();
}

const NO_LOGIN: LoginStep = {
  kind: "refused",
  reason: "no-login",
  fault: null,
  waitS: null,
  final: true,
};

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
