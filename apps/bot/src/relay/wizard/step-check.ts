import type { Route, UnknownChat } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { RouteProblem } from "@flotilla/relay";
import { type Said, say } from "../../kit/words/said.ts";
import { routeProblem } from "../route-problem.ts";
import { type Draft, nextStep, routeOf } from "./route-draft.ts";

/** A chat as the bot itself sees it. */
export interface SeenChat {
  readonly title: string;
  readonly forum: boolean;
  /** Marked id. */
  readonly id: string;
  /**
   * The group of a channel, into which Telegram copies its posts, or the channel of such a group.
   * Marked id; null = none.
   */
  readonly linked: string | null;
}

/** What no route may read or write, whatever the rest of it says. The first one found is told. */
const AT_SOURCES = ["service-chat", "saved", "loop"];
const AT_TARGET = ["service-chat", "person", "bot-saved", "targets", "loop"];

/**
 * What the rules have against the chats that were chosen at this step; null = nothing, or another
 * step (field faults A10, A11).
 */
export function problemAtStep(draft: Draft, check: (route: Route) => RouteProblem[]): Said | null {
  const { step } = draft;
  if (step !== "chats" && step !== "topic" && step !== "target" && step !== "into") return null;
  const isSource = step === "chats" || step === "topic";
  const codes = isSource ? AT_SOURCES : AT_TARGET;
  // A topic that is still to be chosen decides whether the way leads back.
  const open = nextStep(draft) === "topic" || nextStep(draft) === "into";
  const whole = routeOf(draft, null);
  const route = whole ?? routeOf({ ...draft, kind: "webhook", url: "https://example.org/" }, null);
  const found = (route ? check(route) : []).filter(
    ({ route: of, code, field }) =>
      of === draft.id &&
      (code === "loop" ? whole !== null && !open : (field === "from") === isSource),
  );
  const worst = codes.flatMap((code) => found.find((problem) => problem.code === code) ?? [])[0];
  return worst ? routeProblem(worst) : null;
}

/** A number of no chat, when the reader knows the one that was meant; null = there is none. */
export function misnumbered(worker: WorkerId, unknown: readonly UnknownChat[] | null): Said | null {
  const found = unknown?.find(({ meant }) => meant !== null);
  return found
    ? say("route-problem-misnumbered", { worker, chat: found.ref, meant: found.meant ?? "" })
    : null;
}

/**
 * A channel whose discussion group is one of the sources: Telegram copies its posts there. `sees`
 * looks a chat up that the bot is in; a source that the bot is not in is compared as it was named.
 */
export async function linkedLoop(
  draft: Draft,
  target: SeenChat & { readonly ref: string },
  sees: (ref: string) => Promise<SeenChat | null>,
): Promise<Said | null> {
  if (target.linked === null) return null;
  for (const { ref } of draft.chats) {
    const id = ref.startsWith("@") ? (await sees(ref))?.id : ref;
    if (id === target.linked) return say("route-problem-loop", { to: target.ref, back: ref });
  }
  return null;
}
