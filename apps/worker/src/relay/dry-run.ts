import type { Route } from "@flotilla/contracts";
import { matchRoute, readyRoute } from "@flotilla/domain";
import { AppError } from "@flotilla/kernel";
import type { RelayTelegram } from "./ports.ts";

const DRY_RUN = 20;

/** One line of a dry run. */
export interface DryRunLine {
  readonly text: string;
  readonly verdict: string;
}

/** What a route would do with the latest messages of its sources. `idOf`: the marked id of a chat, as far as it is known. */
export async function dryRun(
  telegram: RelayTelegram,
  route: Route,
  idOf: (ref: string) => string | null,
): Promise<DryRunLine[]> {
  const ready = readyRoute({ ...route, on: true }, idOf);
  const found = [];
  for (const ref of route.from.chats) {
    const chat = idOf(ref) ?? (await telegram.resolve(ref));
    if (chat === null) throw new AppError("unknown-chat", `This account does not know ${ref}.`);
    const page = await telegram.history({ chat, topic: route.from.topic ?? null }, 0, DRY_RUN);
    found.push(...page.map((message) => ({ message, chat })));
  }
  found.sort((a, b) => b.message.date - a.message.date || b.message.id - a.message.id);
  return found.slice(0, DRY_RUN).map(({ message, chat }) => {
    const verdict = matchRoute({ ...ready, chats: new Set([chat]) }, message);
    return { text: message.text.slice(0, 80), verdict: verdict.kind === "take" ? "take" : verdict.reason };
  });
}
