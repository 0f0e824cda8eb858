import {
  type Asker,
  type CommandOutcome,
  type LoginStep,
  newSealKeyPair,
  type SealKeyPair,
  seal,
  unseal,
} from "@flotilla/contracts";
import { type Clock, parsePhone, type UserId, type WorkerId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import type { CommandRow } from "../workers/command-store.ts";
import type { Commands } from "../workers/commands.ts";
import { EndedLately } from "./ended-lately.ts";
import { Moves } from "./moves.ts";
import { afterOutcome, nameOfAccount, typedCode } from "./reducer.ts";
import { SessionSteps } from "./session-steps.ts";
import {
  BUSY,
  hasKeys,
  type WizardEnd,
  type WizardProgress,
  type WizardStep,
} from "./wizard-state.ts";
import type { WizardRow, WizardStore } from "./wizard-store.ts";

/** Longest time of a whole login. */
const TOTAL_MS = 10 * 60_000;

/** Parts of {@link Wizard}. */
export interface WizardDeps {
  readonly store: WizardStore;
  readonly commands: Pick<Commands, "login" | "leaveParcel">;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * Logins in the chat: one per admin and one per worker. The steps are in the database; the digits
 * of a code are only in memory, and leave it sealed to the login's one-time key.
 */
export class Wizard {
  readonly #deps: WizardDeps;
  readonly #digits = new Map<UserId, string>();
  /** Keys for the QR codes of a login; they live as long as this process. */
  readonly #qrKeys = new Map<string, SealKeyPair>();

  readonly ended: EndedLately;

  /** The way in with a session of another program. */
  readonly session: SessionSteps;
  readonly #moves: Moves;

  constructor(deps: WizardDeps) {
    this.#deps = deps;
    this.#moves = new Moves(deps);
    this.ended = new EndedLately(deps.clock);
    this.session = new SessionSteps(deps.commands, this.#moves);
  }

  /** The login of an admin. */
  of(admin: UserId): WizardRow | null {
    return this.#deps.store.ofAdmin(admin);
  }

  /** The login of the owner of a private chat. */
  ofChat(chat: string): WizardRow | null {
    return this.#deps.store.ofAdmin(chat as UserId);
  }

  /** Asks the worker for QR codes. */
  async qr(row: WizardRow, asker: Asker): Promise<void> {
    if (row.step.kind !== "ask-phone" && row.step.kind !== "qr" && row.step.kind !== "ask-code")
      return;
    const keys = newSealKeyPair();
    this.#qrKeys.set(row.login, keys);
    this.#digits.delete(row.admin);
    const known = "known" in row.step ? row.step.known : null;
    const message = row.step.kind === "qr" ? row.step.message : null;
    const step: WizardStep = { kind: "qr", message, count: 0, expiresAt: null, known };
    await this.#moves.send(row, { kind: "login.qr", publicKey: keys.publicKey }, asker, step);
  }

  /**
   * The phone instead of a QR code or a session: the worker drops the code when the number comes.
   */
  byPhone(row: WizardRow): void {
    if (row.step.kind === "qr" || row.step.kind === "ask-session")
      this.#moves.save(row, { kind: "ask-phone", known: row.step.known, note: null });
  }

  /** The message with the QR code is this one from now on. */
  shownAt(login: string, message: number | null): void {
    const row = this.#deps.store.byLogin(login);
    if (row?.step.kind === "qr") this.#moves.save(row, { ...row.step, message });
  }

  /** Takes a step that no command waited for. Answers with what to show. */
  progress(login: string, step: LoginStep): WizardProgress | null {
    const row = this.#deps.store.byLogin(login);
    if (!row || row.step.kind === "ended") return null;
    // A late answer to a QR code that the admin left for the phone.
    if (row.step.kind !== "qr" && !["done", "changed", "password-needed"].includes(step.kind))
      return null;
    const keys = this.#qrKeys.get(login);
    const end = this.#take(row, { kind: "login", step });
    const url = step.kind === "qr" && keys ? unseal(keys.privateKey, login, step.sealed) : null;
    return {
      admin: row.admin,
      worker: row.worker,
      login,
      end,
      url,
      message: row.step.kind === "qr" ? row.step.message : null,
    };
  }

  digits(admin: UserId): number {
    return this.#digits.get(admin)?.length ?? 0;
  }

  /** Starts a login. Answers with a sentence when it cannot, null when it did. */
  async begin(admin: UserId, worker: WorkerId, asker: Asker): Promise<Said | null> {
    const taken = this.#deps.store.ofWorker(worker);
    if (taken && taken.admin !== admin) return say("login-other-admin");
    const own = this.of(admin);
    if (own && own.worker === worker && own.step.kind !== "ended") return null;
    if (own && own.step.kind !== "ended") return say("login-other-worker", { worker: own.worker });
    this.#digits.delete(admin);
    const expiresAt = this.#deps.clock.now() + TOTAL_MS;
    const fresh = {
      login: this.#deps.newId(),
      publicKey: null,
      step: { kind: "preparing" } as const,
      expiresAt,
    };
    const row: WizardRow = { admin, worker, ...fresh };
    this.#deps.store.save(row);
    return await this.#moves.send(row, { kind: "login.begin" }, asker, row.step);
  }

  /** The phone number; null = the number that the session had before. */
  async phone(row: WizardRow, phone: string | null, asker: Asker): Promise<void> {
    const number = phone === null ? "" : parsePhone(phone);
    if (number === null) return this.#moves.note(row, say("login-bad-phone"));
    await this.#sendSealed(row, "login.phone", number, asker, { kind: "sending-code" });
  }

  /** A key of the keypad. */
  key(row: WizardRow, digit: string): void {
    if (row.step.kind !== "ask-code" || !hasKeys(row.step.via) || !/^\d$/.test(digit)) return;
    const digits = (this.#digits.get(row.admin) ?? "") + digit;
    if (digits.length <= row.step.length) this.#digits.set(row.admin, digits);
  }

  backspace(row: WizardRow): void {
    this.#digits.set(row.admin, (this.#digits.get(row.admin) ?? "").slice(0, -1));
  }

  /** True when the code may be sent. */
  complete(row: WizardRow): boolean {
    return row.step.kind === "ask-code" && this.digits(row.admin) === row.step.length;
  }

  async submitCode(row: WizardRow, asker: Asker): Promise<void> {
    const code = this.#digits.get(row.admin) ?? "";
    this.#digits.delete(row.admin);
    await this.#sendSealed(row, "login.code", code, asker, {
      kind: "checking-code",
      before: row.step,
    });
  }

  /** The admin typed something, perhaps the code: Telegram has cancelled it then. */
  typedCode(row: WizardRow, text: string): void {
    const step = typedCode(row.step, text);
    if (step) this.#digits.delete(row.admin);
    if (step) this.#moves.save(row, step);
  }

  /** Asks for a new code; says when that is too early. */
  async newCode(row: WizardRow, asker: Asker): Promise<Said | null> {
    if (row.step.kind !== "ask-code") return say("toast-no-code");
    this.#digits.delete(row.admin);
    const fresh = row.step.dead ? { fresh: true as const } : {};
    return await this.#moves.send(row, { kind: "login.resend", ...fresh }, asker, {
      kind: "checking-code",
      before: row.step,
    });
  }

  async password(row: WizardRow, password: string, asker: Asker): Promise<void> {
    if (row.step.kind !== "ask-password") return;
    await this.#sendSealed(row, "login.password", password, asker, {
      kind: "checking-password",
      hint: row.step.hint,
    });
  }

  async keepAccount(row: WizardRow, asker: Asker): Promise<void> {
    if (row.step.kind === "confirm-account")
      await this.#moves.send(row, { kind: "login.keep" }, asker, {
        ...row.step,
        kind: "keeping-account",
      });
  }

  /** Ends the login; the worker puts the old session back. */
  async cancel(row: WizardRow, asker: Asker): Promise<void> {
    this.#digits.delete(row.admin);
    this.#end(row.admin);
    if (row.step.kind !== "ended")
      await this.#deps.commands.login({ kind: "login.cancel" }, row.worker, row.login, asker);
  }

  /**
   * Takes the worker's answer. Returns the end of the story when the login worked. Answers to an
   * older login are dropped.
   */
  answer(command: CommandRow, outcome: CommandOutcome): WizardEnd | null {
    const row = this.#deps.store.ofWorker(command.worker);
    const startedAt = row ? row.expiresAt - TOTAL_MS : 0;
    if (!row || command.verb === "login.cancel" || command.askedAt < startedAt) return null;
    return this.#take(row, outcome);
  }

  /**
   * Busy steps whose answer can no longer come, such as after a crash of the bot: the step stays
   * and is asked again.
   */
  recover(isOpen: (worker: WorkerId) => boolean): void {
    this.#askAgain(({ worker }) => !isOpen(worker), "login-again");
  }

  #askAgain(isMeant: (row: WizardRow) => boolean, why: "login-again" | "login-unanswered"): void {
    const busy = this.#deps.store.all().filter(({ step }) => BUSY.has(step.kind));
    for (const row of busy.filter(isMeant)) this.#moves.note(row, say(why, { worker: row.worker }));
  }

  /**
   * Commands that a worker did not answer in time: a login does not stay at what it was doing
   * (field fault D6).
   */
  unanswered(commands: readonly CommandRow[]): void {
    const silent = new Set(
      commands.flatMap(({ verb, worker }) => (verb.startsWith("login.") ? [worker] : [])),
    );
    this.#askAgain(({ worker }) => silent.has(worker), "login-unanswered");
  }

  #end(admin: UserId): void {
    this.#deps.store.remove(admin);
    this.ended.add(admin);
  }

  #take(row: WizardRow, outcome: CommandOutcome): WizardEnd | null {
    const login = outcome.kind === "login" ? outcome.step : null;
    if (login?.kind === "code-sent") this.#digits.delete(row.admin);
    if (login?.kind === "done") {
      this.#end(row.admin);
      const args = { worker: row.worker, name: nameOfAccount(login.account) };
      return { admin: row.admin, worker: row.worker, text: say("login-done", args) };
    }
    if (login?.kind === "session-taken") {
      this.#end(row.admin);
      return {
        admin: row.admin,
        worker: row.worker,
        text: say("login-session-taken", { worker: row.worker }),
      };
    }
    const publicKey = login?.kind === "began" ? login.publicKey : row.publicKey;
    this.#deps.store.save({
      ...row,
      publicKey,
      step: afterOutcome(row.step, outcome, this.#deps.clock.now()),
    });
    return null;
  }

  /** The worker's process ended, and the login with it. The session is as it was before. */
  lost(worker: WorkerId): void {
    const row = this.#deps.store.ofWorker(worker);
    if (!row || row.step.kind === "ended") return;
    this.#digits.delete(row.admin);
    this.#deps.store.save({ ...row, step: { kind: "ended", text: say("login-lost") } });
  }

  /** Logins that took too long: removed, and cancelled at the worker. */
  async expire(asker: Asker): Promise<void> {
    for (const row of this.#deps.store.expired(this.#deps.clock.now()))
      await this.cancel(row, asker);
  }

  async #sendSealed(
    row: WizardRow,
    kind: "login.phone" | "login.code" | "login.password",
    text: string,
    asker: Asker,
    busy: WizardStep,
  ): Promise<void> {
    if (!row.publicKey) return this.#moves.note(row, say("login-not-ready"));
    await this.#moves.send(
      row,
      { kind, sealed: seal(row.publicKey, row.login, text) },
      asker,
      busy,
    );
  }
}
