import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";

/** A rendered screen: HTML text without the clock time, and its buttons. */
export interface Card {
  readonly html: string;
  readonly keyboard: InlineKeyboardButton[][];
}

/**
 * The data of every screen by its kind. A screen's file adds its own:
 * `declare module "../kit/chat/screen.ts" { interface ScreenData { rules: z.infer<typeof data> } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the features fill it
export interface ScreenData {}
type Kind = keyof ScreenData;

/** What a panel shows. Kept in the database, so that a panel lives on over a restart of the bot. */
export type Screen = { [K in Kind]: { readonly kind: K } & Readonly<ScreenData[K]> }[Kind];

/** The data of a screen that needs none. */
export const NO_DATA: z.ZodType<object> = z.object({});

/** One kind of screen: what is kept of it, and how it looks. */
export interface ScreenKind<View, Deps> {
  readonly kind: Kind;
  /** Checks what was kept, which may be of another version. */
  readonly data: z.ZodType;
  /** Renders what was kept as things are now. `data` has passed the check. */
  readonly render: (deps: Deps, view: View, data: never) => Card | Promise<Card>;
}

/** Declares a screen. */
export function screen<K extends Kind, View, Deps>(
  kind: K,
  data: z.ZodType<ScreenData[K]>,
  render: (deps: Deps, view: View, data: ScreenData[K]) => Card | Promise<Card>,
): ScreenKind<View, Deps> {
  return { kind, data, render };
}
