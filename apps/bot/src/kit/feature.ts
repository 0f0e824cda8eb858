import type { Button } from "./button.ts";
import type { Screen, ScreenKind } from "./chat/screen.ts";
import type { Question } from "./question.ts";
import { type Role, reaches } from "./roles.ts";
import type { TextCommand } from "./text-command.ts";

/**
 * All that one room adds to the chat. Its screens show `View` and what they find in `Shown`; its
 * handlers work with `Deps`.
 */
export interface Feature<View, Shown, Deps> {
  readonly buttons: readonly Button<Deps>[];
  readonly screens: readonly ScreenKind<View, Shown>[];
  readonly questions: readonly Question<Deps>[];
  readonly commands: readonly TextCommand<Deps>[];
}

/** A function of what a part works with; functions of several make up an intersection. */
type Takes<Part> = Part extends { readonly press: (deps: infer Deps, ...rest: never) => unknown }
  ? (deps: Deps) => void
  : Part extends { readonly render: (deps: infer Deps, ...rest: never) => unknown }
    ? (deps: Deps) => void
    : Part extends { readonly take: (deps: infer Deps, ...rest: never) => unknown }
      ? (deps: Deps) => void
      : Part extends { readonly run: (deps: infer Deps, ...rest: never) => unknown }
        ? (deps: Deps) => void
        : never;

/** What all these parts together work with. */
export type DepsOf<Part> = Takes<Part> extends (deps: infer Deps) => void ? Deps : unknown;

type Shows<Part> = Part extends {
  readonly render: (deps: never, view: infer View, ...rest: never) => unknown;
}
  ? (view: View) => void
  : never;
/** What all these screens together show. */
type ViewOf<Part> = Shows<Part> extends (view: infer View) => void ? View : unknown;

/**
 * Declares a feature: what is left out, it has none of. Its types are what all its parts together
 * show and work with.
 */
export function defineFeature<
  B extends Button<never> = never,
  S extends ScreenKind<never, never> = never,
  Q extends Question<never> = never,
  C extends TextCommand<never> = never,
>(parts: {
  readonly buttons?: readonly B[];
  readonly screens?: readonly S[];
  readonly questions?: readonly Q[];
  readonly commands?: readonly C[];
}): Feature<ViewOf<S>, DepsOf<S>, DepsOf<B | Q | C>> {
  const { buttons = [], screens = [], questions = [], commands = [] } = parts;
  const feature: unknown = { buttons, screens, questions, commands };
  // The compiler cannot follow that each part takes less than all of them together.
  return feature as Feature<ViewOf<S>, DepsOf<S>, DepsOf<B | Q | C>>;
}

/** Every button, screen, question and text command of the chat, by name. */
export class Registry<View, Shown, Deps> {
  readonly buttons: ReadonlyMap<string, Button<Deps>>;
  readonly screens: ReadonlyMap<string, ScreenKind<View, Shown>>;
  readonly questions: ReadonlyMap<string, Question<Deps>>;
  readonly commands: ReadonlyMap<string, TextCommand<Deps>>;

  /** Throws when two features have a button, screen, question or command of the same name. */
  constructor(features: readonly Feature<View, Shown, Deps>[]) {
    this.buttons = byName(features.flatMap(({ buttons }) => buttons.map((it) => [it.verb, it])));
    this.screens = byName(features.flatMap(({ screens }) => screens.map((it) => [it.kind, it])));
    this.questions = byName(
      features.flatMap(({ questions }) => questions.map((it) => [it.what, it])),
    );
    this.commands = byName(features.flatMap(({ commands }) => commands.map((it) => [it.name, it])));
  }

  /** True when this role may press the button; false also when there is no such button. */
  may(role: Role, verb: string): boolean {
    const button = this.buttons.get(verb);
    return button !== undefined && reaches(role, button.role);
  }

  /** Reads a screen as it was kept. One of another version is the menu. */
  screenFrom(kept: unknown): Screen {
    const kind = kindOf(kept);
    const data = this.screens.get(kind)?.data.safeParse(kept);
    return data?.success ? ({ ...(data.data as object), kind } as Screen) : { kind: "menu" };
  }
}

function kindOf(kept: unknown): string {
  if (typeof kept !== "object" || kept === null || !("kind" in kept)) return "";
  return String(kept.kind);
}

function byName<T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, T> {
  const map = new Map(entries);
  if (map.size < entries.length) {
    const names = entries.map(([name]) => name);
    const twice = names.filter((name, index) => names.indexOf(name) !== index);
    throw new Error(`declared twice: ${twice.join(", ")}`);
  }
  return map;
}
