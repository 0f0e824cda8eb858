import type { RouteProblem } from "@flotilla/relay";
import { type Said, say } from "../kit/words/said.ts";

/** What is wrong with a route, as the answer to a press or a text. */
export function routeProblem({ code, about }: RouteProblem): Said {
  return say(`route-problem-${code}`, about);
}
