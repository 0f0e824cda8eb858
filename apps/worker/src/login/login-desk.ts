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

/** Longest time of a whole login; then the old session is put back. */
const TOTAL_MS = 10 * 60_000;
/** How long a code is shown as valid. Telegram does not tell; 2 to 5 minutes were seen. */
const CODE_MS = 5 * 60_000;

type LoginCommand = Extract<WorkerCommand, { loginId: string }>;

type EntryCommand = Exclude<
  LoginCommand,
  { kind: "login.begin" | "login.cancel" | "login.qr" | "login.session" | "login.adopt" }
>;

interface Desk {
  readonly loginId: string;
  readonly keys: SealKeyPair;
  /** A new one when the way changes, from a QR code to the phone. */
  flow: LoginFlow;
  /** QR codes are being shown. */
  qr: boolean;
  readonly expiresAt: number;
  readonly timer: NodeJS.Timeout;
}

/** Parts of the desk. */
export interface LoginDeskDeps {
  readonly store: SessionStore;
  readonly vault: Vault;
  readonly account: Account;
  readonly options: Omit<LoginOptions, "store">;
  readonly clock: Clock;
  readonly foreign: ForeignSession;
  /** A login put another key into the session. */
  readonly keyChanged: () => void;
  /** A step that no command waits for. */
  readonly progress: (loginId: string, step: LoginStep) => void;
}

/**
 * Logs this worker's account in, one step per command. The running connection is closed first and comes back at the
 * end, with the new key or, when the login did not work out, with the old one.
 */
export class LoginDesk {
  readonly #deps: LoginDeskDeps;
  #open: Desk | null = null;

  constructor(deps: LoginDeskDeps) {
    this.#deps = deps;
  }

  /** Carries out one step. Throws AppError `bad-seal` for an entry that was made for another login. */
  async perform(command: LoginCommand): Promise<CommandOutcome> {
    if (command.kind === "login.begin") return { kind: "login", step: await this.#begin(command.loginId) };
    const desk = this.#open;
    if (desk?.loginId !== command.loginId) {
      if (command.kind === "login.cancel") return { kind: "login", step: { kind: "cancelled" } };
      return { kind: "login", step: { kind: "refused", reason: "no-login", fault: null, waitS: null, final: true } };
    }
    if (command.kind === "login.cancel") {
      await this.close();
      return { kind: "login", step: { kind: "cancelled" } };
    }
    if (command.kind === "login.qr") {
      await this.#startQr(desk, command.publicKey);
      return { kind: "done" };
    }
    // Each way leaves the one before.
    if (desk.qr || command.kind === "login.session") await this.#newFlow(desk);
    if (command.kind === "login.session")
      return { kind: "login", step: await this.#deps.foreign.look(desk.loginId, desk.keys) };
    if (command.kind === "login.adopt") return { kind: "login", step: await this.#adopt() };
    return { kind: "login", step: await this.#step(desk, command) };
  }

  /** Ends a login that is under way; the old session is put back. */
  async close(): Promise<void> {
    const desk = this.#open;
    this.#open = null;
    this.#deps.foreign.forget();
    if (!desk) return;
    clearTimeout(desk.timer);
    await desk.flow.cancel();
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
    this.#open = { loginId, keys, flow: new LoginFlow({ ...options, store }), qr: false, expiresAt, timer };
    const phone = store.self()?.phone;
    return { kind: "began", publicKey: keys.publicKey, knownPhoneMasked: phone ? maskPhone(phone) : null, expiresAt };
  }

  /** Nothing is risked without a verified copy (invariant 4). When there can be none, the login does not begin. */
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

  /** The login is good whether or not its copy can be made: a full disk must not cost it. */
  #keepGolden(): void {
    const { store, vault, options } = this.#deps;
    try {
      vault.golden(store);
    } catch (error) {
      options.log("error", "no golden copy of the new login", { cause: toError(error).message });
    }
  }

  /** The session that was sent is this worker's from now on; its first connection verifies the account. */
  async #adopt(): Promise<LoginStep> {
    const step = await this.#deps.foreign.adopt();
    if (step.kind !== "session-taken") return step;
    this.#deps.keyChanged();
    await this.close();
    return step;
  }

  /** Shows QR codes until one is scanned; tells of each, sealed for the one who asked, and of the end. */
  async #startQr(desk: Desk, publicKey: string): Promise<void> {
    await this.#newFlow(desk);
    desk.qr = true;
    const { flow, loginId } = desk;
    const { progress } = this.#deps;
    const show = (token: { readonly url: string; readonly expiresAt: number }): void =>
      progress(loginId, { kind: "qr", sealed: seal(publicKey, loginId, token.url), expiresAt: token.expiresAt });
    void flow.startQr(show).then(
      async (result) => {
        // Somebody went on without it: its end is nobody's business any more.
        if (this.#open !== desk || desk.flow !== flow) return;
        desk.qr = false;
        progress(loginId, await this.#settle(result));
      },
      (error: unknown) => {
        this.#deps.options.log("error", "login by QR code failed", { cause: toError(error).message });
        if (this.#open === desk && desk.flow === flow) progress(loginId, toStep(FAILED, this.#deps.clock.now()));
      },
    );
  }

  /** Leaves what is under way, without touching the old session, for another way. */
  async #newFlow(desk: Desk): Promise<void> {
    const { options, store } = this.#deps;
    const before = desk.flow;
    desk.flow = new LoginFlow({ ...options, store });
    desk.qr = false;
    await before.cancel();
  }

  async #step(desk: Desk, command: EntryCommand): Promise<LoginStep> {
    return await this.#settle(await this.#run(desk, command));
  }

  /** What follows from the end of a step. */
  async #settle(result: LoginResult): Promise<LoginStep> {
    if (result.kind === "done") {
      this.#keepGolden();
      this.#deps.keyChanged();
    }
    if (result.kind === "done" || (result.kind === "refused" && result.final)) await this.close();
    return toStep(result, this.#deps.clock.now());
  }

  async #run(desk: Desk, command: EntryCommand): Promise<LoginResult> {
    if (command.kind === "login.resend") return await desk.flow.resendCode({ anew: command.anew === true });
    if (command.kind === "login.keep") return await desk.flow.keepChanged();
    const entry = unseal(desk.keys.privateKey, desk.loginId, command.sealed);
    switch (command.kind) {
      case "login.phone":
        return await desk.flow.sendCode(entry || this.#storedPhone());
      case "login.code":
        return await desk.flow.submitCode(entry);
      case "login.password":
        return await desk.flow.submitPassword(entry);
      default:
        return command satisfies never;
    }
  }

  #storedPhone(): string {
    const phone = this.#deps.store.self()?.phone;
    if (!phone) throw new AppError("no-phone", "No phone number is stored for this worker. Send the number.");
    return phone;
  }
}

const FAILED: LoginResult = { kind: "refused", reason: "other", fault: null, waitS: null, final: false };

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
