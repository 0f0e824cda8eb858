import type { Route } from "@flotilla/contracts";
import { answered, askAgain, askFor } from "../kit/ask.ts";
import type { PressContext } from "../kit/press-context.ts";
import { question } from "../kit/question.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { toastOf } from "../workers/commands.ts";
import type { RelayDeps } from "./deps.ts";
import { sinceFromText } from "./fill.ts";

declare module "../kit/question.ts" {
  interface Questions {
    since: true;
  }
}

/** Asks since when a route fetches old messages. */
export async function askSince(
  deps: RelayDeps,
  context: PressContext,
  { id, from }: Route,
): Promise<void> {
  await askFor(deps, context, { what: "since", worker: from.worker, about: id });
}

interface SinceDeps extends RelayDeps {
  readonly wordsOf: (chat: string) => Words;
}

/** Old messages of a route, since a day that was typed. */
export const sinceQuestion = question(
  "since",
  { role: "operator" },
  async (deps: SinceDeps, context, about) => {
    const route = deps.routes.find(about);
    if (!route) return await answered(deps, context, { kind: "menu" });
    const { worker } = route.from;
    const since = sinceFromText(context.text, deps.clock.now(), deps.wordsOf(context.chat).times);
    if (since === null)
      return await askAgain(deps, context, { what: "since", worker }, say("ask-since-bad"));
    const wish = { kind: "relay.fill-since", route: route.id, since } as const;
    const result = await deps.commands.relay(wish, worker, context);
    if (result.kind !== "sent") await context.reply(toastOf(result));
    await answered(deps, context, { kind: "route", route: route.id, sure: false });
  },
);
