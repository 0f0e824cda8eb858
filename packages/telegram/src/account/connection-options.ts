import type { Clock } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import type { AccountOptions } from "../link/account-options.ts";
import type { ConnectionTimings } from "../link/timings.ts";
import type { CaughtUp, EngineTimings, UpdateTrouble } from "../updates/engine-types.ts";
import type { StateChange } from "./connection-status.ts";

/** Store, listeners and timings of `AccountConnection`. */
export interface ConnectionOptions extends AccountOptions {
  readonly store: SessionStore;
  readonly on: {
    state(change: StateChange): void;
    /** The inbox (`store.updates`) has new rows. */
    arrived(): void;
    /** Everything that was sent during an outage is in the inbox or lost; precedes `ready`. */
    caughtUp(result: CaughtUp): void;
    /** Trouble with the messages of one chat, or lost messages. */
    trouble(trouble: UpdateTrouble): void;
  };
  /**
   * Chats whose messages are stored with their text until they are handled (docs/safety.md);
   * default: none.
   */
  readonly wants?: (chat: string) => boolean;
  readonly timings?: Partial<ConnectionTimings>;
  readonly updateTimings?: Partial<EngineTimings>;
  readonly clock?: Clock;
}
