import type { Button } from "./button.ts";
import type { Role } from "./roles.ts";
import type { CommandContext } from "./text-context.ts";

/** A text command: the written form of a button. */
export interface TextCommand<Deps> {
  /** Without the slash. */
  readonly name: string;
  /** The role of the button that it mirrors. */
  readonly role: Role;
  /** Telegram's menu shows it. */
  readonly listed: boolean;
  /** `words`: what stands behind the name, split at blanks. */
  readonly run: (deps: Deps, context: CommandContext, words: readonly string[]) => Promise<void>;
}

/** Declares a text command that needs the role of the button `like`. */
export function textCommand<Deps>(
  name: string,
  like: Pick<Button<never>, "role">,
  run: TextCommand<Deps>["run"],
  { listed = true } = {},
): TextCommand<Deps> {
  return { name, role: like.role, listed, run };
}
