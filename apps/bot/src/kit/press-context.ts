import type { Asker } from "@flotilla/contracts";
import type { UserId } from "@flotilla/kernel";
import type { Press } from "./callback.ts";
import type { Role } from "./roles.ts";
import type { Said } from "./words/said.ts";

/** One press as the handlers see it. `toast` answers it; call it once, before slow work. */
export interface PressContext {
  /** The same for each time that the same press is handled, such as again after a crash. */
  readonly id: string;
  readonly press: Press;
  readonly admin: UserId;
  readonly role: Role;
  readonly asker: Asker;
  readonly chat: string;
  readonly message: number;
  /** `url` is opened instead: a link to the private chat with this bot. */
  readonly toast: (text?: Said, url?: string) => Promise<void>;
}
