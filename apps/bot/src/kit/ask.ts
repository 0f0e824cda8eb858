import { WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import type { Verb } from "./button.ts";
import { encodePress } from "./callback.ts";
import { type Card, screen } from "./chat/screen.ts";
import { cancelButton, rows, verbButton } from "./keyboard.ts";
import { type ChatDeps, panelMessage } from "./press.ts";
import type { PressContext } from "./press-context.ts";
import type { QuestionName } from "./question.ts";
import type { TextContext } from "./text-context.ts";
import { html, lines } from "./words/html.ts";
import { Said } from "./words/said.ts";
import type { Words } from "./words/words.ts";

const data = z.object({
  what: z.string(),
  worker: WorkerIdField.nullable(),
  problem: Said.nullable(),
  /** A button of ⚙️ Settings whose argument `off` takes the answer back. */
  off: z.custom<Verb>((value) => typeof value === "string").exactOptional(),
  /** Where ✖️ leads; left out: to the worker, to ⚙️ Settings, or to the list of workers. */
  back: z.custom<Verb>((value) => typeof value === "string").exactOptional(),
});
declare module "./chat/screen.ts" {
  interface ScreenData {
    ask: z.infer<typeof data>;
  }
}

/** A question that the next text answers, with a way out. */
export const ask = screen("ask", data, (_deps, { words }: { readonly words: Words }, asking) =>
  askCard(words, asking),
);

function askCard(words: Words, { what, worker, problem, off, back }: z.infer<typeof data>): Card {
  const text = lines(
    words.html(`ask-${what}`, { worker: worker ?? "" }),
    problem && html`\n❌ ${words.said(problem)}`,
  );
  return {
    html: text.text,
    keyboard: rows(
      off && [{ ...verbButton(words, off, "", "off"), text: words.text(`button-${off}-off`) }],
      [cancelButton(words, back ? encodePress(back) : encodePress(...cameFrom(worker, off)))],
    ),
  };
}

/** Where ✖️ leads: to what the question is about. */
function cameFrom(worker: WorkerId | null, off: Verb | undefined): [Verb, WorkerId?] {
  if (worker !== null) return ["worker", worker];
  return [off ? "settings" : "workers"];
}

/** Who remembers what the next text of an admin answers. */
export interface AskDeps extends ChatDeps {
  readonly admins: {
    /** `chat`: where it counts; null = anywhere. `what` null: nothing is asked any more. */
    expect(
      id: TextContext["admin"],
      what: QuestionName | null,
      about?: string,
      chat?: string | null,
    ): void;
  };
}

/** What is asked, and what it is about. */
export interface Asking {
  readonly what: QuestionName;
  readonly worker: WorkerId | null;
  /** What the answer needs to know; the worker when left out. */
  readonly about?: string;
  readonly off?: Verb;
  /** Where ✖️ leads. */
  readonly back?: Verb;
}

/** Asks something that the next text answers. */
export async function askFor(
  deps: AskDeps,
  context: PressContext,
  { about, ...asking }: Asking,
): Promise<void> {
  await context.toast();
  deps.admins.expect(context.admin, asking.what, about ?? asking.worker ?? "", context.chat);
  const shown = { kind: "ask", problem: null, ...asking } as const;
  await deps.panels.show(context.chat, shown, panelMessage(deps, context));
}

/** Asks the same again, with what is wrong with the answer. */
export async function askAgain(
  { panels }: Pick<ChatDeps, "panels">,
  { chat }: TextContext,
  asking: Omit<Asking, "about">,
  problem: Said,
): Promise<void> {
  await panels.show(chat, { kind: "ask", problem, ...asking }, null);
}

/** Ends the question and shows what its answer led to. */
export async function answered(
  deps: Pick<AskDeps, "admins" | "panels">,
  context: TextContext,
  shown: Parameters<ChatDeps["panels"]["show"]>[1],
): Promise<void> {
  deps.admins.expect(context.admin, null);
  await deps.panels.show(context.chat, shown, null);
}
