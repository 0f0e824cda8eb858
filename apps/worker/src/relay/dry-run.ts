import type { Route, SourceMessage } from "@flotilla/contracts";
import { AppError, bareChannel } from "@flotilla/kernel";
import { barrier, inAlbums, judge, readyRoute } from "@flotilla/relay";
import type { RelayTelegram } from "./ports.ts";

const DRY_RUN = 20;

/** One line of a dry run. */
export interface DryRunLine {
  readonly text: string;
  readonly verdict: string;
}

/**
 * Telegram copies each post of a channel into its discussion group: from there back to the channel
 * is a loop. Throws AppError `loop`.
 */
async function refuseDiscussion(
  telegram: RelayTelegram,
  { to }: Route,
  source: { readonly ref: string; readonly chat: string },
  idOf: (ref: string) => string | null,
): Promise<void> {
  if (to.kind === "webhook" || bareChannel(source.chat) === null) return;
  const channel = await telegram.linkedChannel(source.chat);
  if (!channel) return;
  const names = [channel.chat, `@${channel.username ?? ""}`.toLowerCase()];
  if (!names.includes(to.chat.toLowerCase()) && idOf(to.chat) !== channel.chat) return;
  throw new AppError(
    "loop",
    `${source.ref} is the discussion group of ${to.chat}: Telegram copies each post into it, a loop.`,
  );
}

/**
 * What a route would do with the latest messages of its sources. `idOf`: the marked id of a chat,
 * as far as it is known.
 */
export async function dryRun(
  telegram: RelayTelegram,
  route: Route,
  idOf: (ref: string) => string | null,
): Promise<DryRunLine[]> {
  const ready = readyRoute({ ...route, on: true }, idOf);
  const found: SourceMessage[] = [];
  for (const ref of route.from.chats) {
    const chat = idOf(ref) ?? (await telegram.resolve(ref));
    if (chat === null) throw new AppError("unknown-chat", `This account does not know ${ref}.`);
    await refuseDiscussion(telegram, route, { ref, chat }, idOf);
    const page = await telegram.history({ chat, topic: route.from.topic ?? null }, 0, DRY_RUN);
    found.push(...page);
  }
  found.sort((a, b) => b.date - a.date || b.id - a.id);
  return inAlbums(found.slice(0, DRY_RUN)).flatMap((album) => {
    const barriers = album.map((message) =>
      barrier({ ...ready, chats: new Set([message.chat]) }, message),
    );
    const verdict = judge(
      ready,
      album.filter((_, n) => barriers[n] === null),
    );
    const said = verdict.kind === "take" ? "take" : verdict.reason;
    return album.map(({ text }, n) => ({ text: text.slice(0, 80), verdict: barriers[n] ?? said }));
  });
}
