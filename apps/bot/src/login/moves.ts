import type { Asker } from "@flotilla/contracts";
import { type Said, say } from "../kit/words/said.ts";
import type { Commands, LoginVerb } from "../workers/commands.ts";
import { keep } from "./reducer.ts";
import type { WizardStep } from "./wizard-state.ts";
import type { WizardRow, WizardStore } from "./wizard-store.ts";

/** Parts of {@link Moves}. */
export interface MovesDeps {
  readonly store: WizardStore;
  readonly commands: Pick<Commands, "login">;
}

/** How a login goes from one step to the next, whichever way it takes. */
export class Moves {
  readonly #deps: MovesDeps;

  constructor(deps: MovesDeps) {
    this.#deps = deps;
  }

  /** Shows the busy step first, so that a fast answer is not overwritten by it. */
  async send(
    row: WizardRow,
    verb: LoginVerb,
    asker: Asker,
    busy: WizardStep,
  ): Promise<Said | null> {
    this.save(row, busy);
    const result = await this.#deps.commands.login(verb, row.worker, row.login, asker);
    if (result.kind === "sent") return null;
    const why = result.kind === "already" ? say("login-still-busy") : result.why;
    this.note({ ...row, step: busy }, why);
    return why;
  }

  /** The same step, with a note. */
  note(row: WizardRow, note: Said): void {
    this.save(row, keep(row.step, note));
  }

  save(row: WizardRow, step: WizardStep): void {
    this.#deps.store.save({ ...row, step });
  }
}
