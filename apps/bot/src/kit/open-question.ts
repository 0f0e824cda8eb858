import type { AskedOf, Question } from "../admins/admin-store.ts";
import type { Screen } from "./screen.ts";
import type { Html } from "./words/html.ts";
import type { Words } from "./words/words.ts";

/** Whether this screen asks the question. */
export function isQuestion(screen: Screen | null, what: Question): boolean {
  if (what === "worker-name") return screen?.kind === "add";
  return what === "rwiz" ? screen?.kind === "rwiz" : screen?.kind === "ask" && screen.what === what;
}

/**
 * The line on every other screen of the chat while a question is open there: the next text answers
 * it.
 */
export function openQuestion(words: Words, { what, about, name }: AskedOf, isGroup: boolean): Html {
  const [worker = ""] = about.split(" ");
  const asked = words.html(`question-${what}`, { worker });
  return isGroup
    ? words.html("question-open-of", { asked, name })
    : words.html("question-open", { asked });
}
