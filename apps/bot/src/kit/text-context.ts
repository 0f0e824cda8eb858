import type { Asker } from "@flotilla/contracts";
import type { UserId } from "@flotilla/kernel";
import type { Role } from "./roles.ts";
import type { Said } from "./words/said.ts";

/**
 * One text message as the handlers see it. `erase` deletes it from the chat; false: it is still
 * there.
 */
export interface TextContext {
  /** The same for each time that the same message is handled. */
  readonly id: string;
  readonly text: string;
  /**
   * The chat that the message was forwarded from: its marked id, or the name of a user who hides
   * the account.
   */
  readonly forwardedFrom?: string;
  readonly admin: UserId;
  readonly role: Role;
  readonly asker: Asker;
  readonly chat: string;
  readonly erase: () => Promise<boolean>;
  readonly reply: (said: Said) => Promise<void>;
}

/** One text command as the handlers see it. */
export interface CommandContext extends TextContext {
  /** Several texts as lines of one message. */
  readonly replyAll: (said: readonly Said[]) => Promise<void>;
  /** What people call the chat. */
  readonly title: string;
}
