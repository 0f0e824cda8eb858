import type { Asker } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { AskDeps } from "../kit/ask.ts";
import type { PressContext } from "../kit/press-context.ts";
import type { Said } from "../kit/words/said.ts";
import type { Answers } from "./answers.ts";
import type { AskResult, Commands } from "./commands.ts";
import type { Views } from "./views.ts";
import type { WorkerStore } from "./worker-store.ts";

/** Writes down who did what, for 📒 Audit. */
export interface AuditLog {
  write(by: Asker, what: Said, worker: WorkerId | null, at: number): void;
}

/** What handlers of buttons about workers work with. */
export interface WorkerDeps extends AskDeps {
  readonly workers: WorkerStore;
  readonly commands: Commands;
  readonly views: Views;
  readonly answers: Answers;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly alertActions: AskDeps["alertActions"] & {
    /** Writes on the alert card what a button of it led to. */
    acted(context: PressContext, result: AskResult): void;
  };
}
