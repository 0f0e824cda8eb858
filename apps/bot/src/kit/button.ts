import type { PressContext } from "./press-context.ts";
import type { Role } from "./roles.ts";

/**
 * The verb of every button. A button's file adds its own, so that a card of another feature can
 * offer the button without importing it:
 * `declare module "../kit/button.ts" { interface Verbs { rules: true } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the features fill it
export interface Verbs {}
/** The name of a button in its callback data; texts have its label under `button-<verb>`. */
export type Verb = keyof Verbs;

/** Carries out one kind of press. Answers it with `context.toast`, then shows what it led to. */
export type Handler<Deps> = (deps: Deps, context: PressContext) => Promise<void>;

/** A button of the chat. */
export interface Button<Deps> {
  readonly verb: Verb;
  /** The least role that may press it. Checked before `press` runs, and wherever a card offers it. */
  readonly role: Role;
  readonly press: Handler<Deps>;
}

/** Declares a button. */
export function button<Deps>(verb: Verb, role: Role, press: Handler<Deps>): Button<Deps> {
  return { verb, role, press };
}
