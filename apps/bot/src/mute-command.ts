import type { RouteDeps } from "./bot.ts";
import { matching } from "./screens/view.ts";
import { EVERYBODY } from "./store/silences.ts";
import type { WorkerRow } from "./store/workers.ts";
import type { CommandContext } from "./text-commands.ts";
import { type Said, say } from "./words/said.ts";

const MINUTES: Readonly<Record<string, number>> = { m: 1, min: 1, h: 60, d: 1440 };
/** So many names stand in an answer. */
const NAMED = 12;

/**
 * `/mute news_1 2h`, `/mute all 30m`, `/mute news_1 off`; `/mute acc* 1h` and `/mute #eu 1h` mean all that fit. A part of a name that fits several asks
 * which; the answer says who is muted (field fault D3).
 */
export async function mute(
  deps: RouteDeps,
  context: CommandContext,
  [name = "", time = "1h"]: readonly string[],
): Promise<void> {
  const forMs = durationOf(time);
  if (name === "" || forMs === null) return await context.reply(say("mute-usage"));
  if (name === "all") return await muteAll(deps, context, forMs);
  const meansAll = name.endsWith("*") || name.startsWith("#");
  const found = matching(deps.workers.all(), name.replace(/\*$/, ""));
  if (found.length === 0) return await context.reply(say("no-such-worker", { name }));
  if (found.length > 1 && !meansAll) {
    const part = name.replace(/[^\w-]/g, "");
    return await context.reply(say("mute-which", { name: part, count: found.length, names: named(found), time }));
  }
  for (const { id } of found) {
    const said = deps.alertActions.mute(id, forMs, context.asker.name);
    deps.audit.write(context.asker, said, id, deps.clock.now());
  }
  await context.replyAll([told(named(found), found.length, forMs, deps.clock.now()), ...stillMuted(deps, forMs)]);
}

/** Ends or begins it for everybody. Off means off: also for workers and cards that were muted by themselves. */
async function muteAll(deps: RouteDeps, context: CommandContext, forMs: number): Promise<void> {
  const said = deps.alertActions.mute(EVERYBODY, forMs, context.asker.name);
  if (forMs === 0) deps.alertActions.unmuteAll();
  deps.audit.write(context.asker, said, null, deps.clock.now());
  const count = deps.workers.all().length;
  await context.reply(
    say(forMs === 0 ? "unmute-all-done" : "mute-all-done", { count, ms: forMs, until: deps.clock.now() + forMs }),
  );
}

function told(names: string, count: number, forMs: number, now: number): Said {
  return say(forMs === 0 ? "unmute-done" : "mute-done", { names, count, ms: forMs, until: now + forMs });
}

/** One worker is heard again, and yet it is not: everybody is muted. */
function stillMuted({ silences, clock }: RouteDeps, forMs: number): Said[] {
  const all = forMs === 0 ? silences.of(EVERYBODY, clock.now()) : null;
  return all ? [say("mute-still-all", { by: all.by, until: all.until })] : [];
}

/** Milliseconds; 0 = off; null = not a time. */
function durationOf(time: string): number | null {
  if (time === "off") return 0;
  const match = /^(\d{1,3})(m|min|h|d)?$/.exec(time);
  const ms = Number(match?.[1]) * (MINUTES[match?.[2] ?? "h"] ?? 60) * 60_000;
  return match && ms > 0 ? ms : null;
}

function named(workers: readonly WorkerRow[]): string {
  const more = workers.length - NAMED;
  const names = workers.slice(0, NAMED).map(({ id }) => id);
  return `${names.join(", ")}${more > 0 ? `, +${more}` : ""}`;
}
