import type { Clock } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import type { AccountOptions } from "../link/account-options.ts";
import type { ConnectionTimings } from "../link/timings.ts";
import type { CaughtUp, EngineTimings, UpdateTrouble } from "../updates/engine-types.ts";
import type { StateChange } from "./connection-status.ts";

/** Options of `AccountConnection`. */
export interface ConnectionOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly on: {
    state(change: StateChange): void;
    /** There are new rows in the inbox (`store.updates`). */
    arrived(): void;
    /** Everything that came while there was no connection is in the inbox now, or lost; comes before `ready`. */
    caughtUp(result: CaughtUp): void;
    /** Trouble with the messages of one chat, or messages that are lost. */
    trouble(trouble: UpdateTrouble): void;
  };
  /** Chats whose messages are kept with their text until somebody dealt with them (docs/safety.md); default: none. */
  readonly wants?: (chat: string) => boolean;
  readonly timings?: Partial<ConnectionTimings>;
  readonly updateTimings?: Partial<EngineTimings>;
  readonly clock?: Clock;
}
