import type { Html } from "./words/html.ts";
import type { Words } from "./words/words.ts";

/** An open question of an admin, as others in the chat see it. */
export interface OpenQuestion {
  readonly what: string;
  /** The worker that it is about, first; more may follow after a blank. */
  readonly about: string;
  readonly name: string;
}

/**
 * The line on every other screen of the chat while a question is open there: the next text answers
 * it.
 */
export function openQuestion(
  words: Words,
  { what, about, name }: OpenQuestion,
  isGroup: boolean,
): Html {
  const [worker = ""] = about.split(" ");
  const asked = words.html(`question-${what}`, { worker });
  return isGroup
    ? words.html("question-open-of", { asked, name })
    : words.html("question-open", { asked });
}
