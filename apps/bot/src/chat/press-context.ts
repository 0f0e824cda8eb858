import type { Asker, Press } from "@flotilla/contracts";
import type { UserId } from "@flotilla/kernel";
import type { Said } from "../words/said.ts";

/** One press as the handlers see it. `toast` answers it; call it once, before slow work. */
export interface PressContext {
  readonly press: Press;
  readonly admin: UserId;
  readonly asker: Asker;
  readonly chat: string;
  readonly message: number;
  readonly toast: (text?: Said) => Promise<void>;
}
