import type { Button } from "./button.ts";
import type { Screen } from "./chat/screen.ts";
import type { Role } from "./roles.ts";
import type { TextContext } from "./text-context.ts";

/**
 * The name of every question. A question's file adds its own:
 * `declare module "../kit/question.ts" { interface Questions { rename: true } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the features fill it
export interface Questions {}
/** Kept with the admin who is asked, so that a restart of the bot does not lose the question. */
export type QuestionName = keyof Questions;

/** A question that the next text of an admin answers. */
export interface Question<Deps> {
  readonly what: QuestionName;
  /**
   * The role of the button that asks it. It may have been taken away since, so the answer needs it
   * too.
   */
  readonly role: Role;
  /** The kind of screen that asks it. */
  readonly screen: Screen["kind"];
  /** The answer may hold a password: it does not stay in the chat, even when it is refused. */
  readonly isSecret: boolean;
  /** Takes the answer; a bad one is asked again, with what is wrong. `about` is as it was asked. */
  readonly take: (deps: Deps, context: TextContext, about: string) => Promise<void>;
}

/** Declares a question. Without a screen of its own, the screen `ask` asks it. */
export function question<Deps>(
  what: QuestionName,
  askedBy: Pick<Button<never>, "role">,
  take: Question<Deps>["take"],
  { screen = "ask", isSecret = false }: Partial<Pick<Question<Deps>, "screen" | "isSecret">> = {},
): Question<Deps> {
  return { what, role: askedBy.role, screen, isSecret, take };
}

/** True when this screen asks this question. */
export function isAskedOn(
  { what, screen }: Pick<Question<never>, "what" | "screen">,
  shown: Screen | null,
): boolean {
  return shown?.kind === screen && (shown.kind !== "ask" || shown.what === what);
}
