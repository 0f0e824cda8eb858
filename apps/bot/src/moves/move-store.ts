import type { Database } from "@flotilla/sqlite";
import { StepStore } from "../kit/step-store.ts";
import { isBetween, Move } from "./move.ts";

/** Moves of workers, kept over a restart of the bot. */
export class MoveStore extends StepStore<Move> {
  constructor(db: Database) {
    super(db, "move", Move);
  }

  /** The one of this worker that is under way. */
  of(worker: string): Move | null {
    return this.allUnderWay().find((move) => move.worker === worker) ?? null;
  }

  /** Whether only its move may ask for anything about the worker. */
  isBetween(worker: string): boolean {
    const move = this.of(worker);
    return move !== null && isBetween(move);
  }
}
