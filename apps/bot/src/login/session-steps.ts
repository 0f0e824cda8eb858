import { type Asker, sealBytes } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { troubleOf } from "@flotilla/queue";
import { say } from "../kit/words/said.ts";
import type { Commands } from "../workers/commands.ts";
import type { Moves } from "./moves.ts";
import type { WizardStep } from "./wizard-state.ts";
import type { WizardRow } from "./wizard-store.ts";

/** A bot may download so much (https://core.telegram.org/bots/api#getfile). */
export const MAX_SESSION_BYTES = 20 * 1024 * 1024;

/** Steps in which a session may be sent. */
const WANTED: ReadonlySet<WizardStep["kind"]> = new Set([
  "ask-phone",
  "ask-session",
  "confirm-session",
  "qr",
]);

/**
 * The way into a worker with a session of another program: sent in the chat, looked at by the
 * worker, used after a yes.
 */
export class SessionSteps {
  readonly #commands: Pick<Commands, "leaveParcel">;
  readonly #moves: Moves;

  constructor(commands: Pick<Commands, "leaveParcel">, moves: Moves) {
    this.#commands = commands;
    this.#moves = moves;
  }

  /** True where what an admin sends can be a session. */
  wants({ step }: WizardRow): boolean {
    return WANTED.has(step.kind);
  }

  /** Asks for the session instead of the phone. */
  choose(row: WizardRow): void {
    if (this.wants(row)) this.#moves.save(row, askSession(row, null));
  }

  /** Why the session could not be taken; it is asked for again. */
  refuse(row: WizardRow, reason: "too-large" | "not-fetched"): void {
    this.#moves.save(row, askSession(row, say(`login-session-${reason}`)));
  }

  /**
   * Hands the session to the worker, sealed to this login's key. It is nowhere in the clear but in
   * this process and the worker's.
   */
  async take(row: WizardRow, bytes: Buffer, asker: Asker): Promise<void> {
    const ask = askSession(row, null);
    if (!row.publicKey) return this.#moves.note({ ...row, step: ask }, say("login-not-ready"));
    try {
      await this.#commands.leaveParcel(row.login, sealBytes(row.publicKey, row.login, bytes));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return this.#moves.note({ ...row, step: ask }, say(`problem-redis-${troubleOf(error)}`));
    }
    await this.#moves.send(row, { kind: "login.session" }, asker, {
      kind: "reading-session",
      known: ask.known,
    });
  }

  /** The old program is stopped for good: the session is the worker's from now on. */
  async adopt(row: WizardRow, asker: Asker): Promise<void> {
    if (row.step.kind !== "confirm-session") return;
    await this.#moves.send(row, { kind: "login.adopt" }, asker, {
      kind: "taking-session",
      known: row.step.known,
    });
  }
}

function askSession(
  { step }: WizardRow,
  note: Extract<WizardStep, { kind: "ask-session" }>["note"],
) {
  return { kind: "ask-session" as const, known: "known" in step ? step.known : null, note };
}
