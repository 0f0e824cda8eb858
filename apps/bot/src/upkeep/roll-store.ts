import type { Database } from "@flotilla/sqlite";
import { StepStore } from "../kit/step-store.ts";
import { Roll } from "./roll.ts";

/** Rolling restarts, kept over the restart of the bot that is a part of them. */
export class RollStore extends StepStore<Roll> {
  constructor(db: Database) {
    super(db, "roll", Roll);
  }

  /** The newest one that is under way. */
  underWay(): Roll | null {
    return this.allUnderWay().at(-1) ?? null;
  }
}
