import { clip } from "@flotilla/contracts";
import { textCommand } from "../kit/text-command.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { type Said, say } from "../kit/words/said.ts";
import { matching } from "../workers/view.ts";
import type { WorkerRow } from "../workers/worker-store.ts";
import { type AlertDeps, muteButton } from "./alert-buttons.ts";
import { EVERYBODY, LONGEST_MS, type SilenceStore } from "./silence-store.ts";

interface MuteDeps extends AlertDeps {
  readonly silences: SilenceStore;
}

/** Units of a time, in both languages, and how many minutes they have. */
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(?:m|mins?|minutes?|м|мин|минут[аы]?)$/, 1],
  [/^(?:|h|hrs?|hours?|ч|час|часа|часов)$/, 60],
  [/^(?:d|days?|д|день|дня|дней)$/, 1440],
  [/^(?:w|weeks?|н|нед|недел[яию]|недель)$/, 10_080],
];
const OFF: ReadonlySet<string> = new Set(["off", "выкл", "нет"]);
const ALL: ReadonlySet<string> = new Set(["all", "все", "всех"]);
/** So many names stand in an answer. */
const NAMED = 12;

/**
 * `/mute news_1 2h`, `/mute all 30m`, `/mute news_1 off`; `/mute acc* 1h` and `/mute #eu 1h` mean
 * all that fit. A part of a name that fits several asks which; the answer says who is muted (field
 * fault D3). A name can have blanks, and so can a time: `/mute Night watch 1 h 30 min`.
 */
async function mute(
  deps: MuteDeps,
  context: CommandContext,
  words: readonly string[],
): Promise<void> {
  const asked = parted(words);
  if (asked === null) return await context.reply(say("mute-usage"));
  const { name, time, forMs } = asked;
  if (ALL.has(name.toLowerCase())) return await muteAll(deps, context, forMs);
  const meansAll = name.endsWith("*") || name.startsWith("#");
  const found = matching(deps.workers.all(), name.replace(/\*$/, ""));
  if (found.length === 0)
    return await context.reply(say("no-such-worker", { name: clip(name, 40) }));
  if (found.length > 1 && !meansAll) {
    return await context.reply(
      say("mute-which", { name: clip(name, 40), count: found.length, names: named(found), time }),
    );
  }
  for (const { id } of found) {
    const said = deps.alertActions.mute(id, forMs, context.asker.name);
    deps.audit.write(context.asker, said, id, deps.clock.now());
  }
  await context.replyAll([
    told(named(found), found.length, forMs, deps.clock.now()),
    ...stillSilent(deps, found, forMs),
  ]);
}

interface Asked {
  readonly name: string;
  readonly time: string;
  readonly forMs: number;
}

/**
 * The longest end that is a time, and the name before it. A name alone is muted for an hour; null:
 * it is not understood.
 */
function parted(words: readonly string[]): Asked | null {
  for (let at = 1; at < words.length; at++) {
    const time = words.slice(at).join(" ").toLowerCase();
    const forMs = durationOf(time);
    if (forMs !== null) return { name: words.slice(0, at).join(" "), time, forMs };
  }
  const [name, ...more] = words;
  return name === undefined || more.length > 0 ? null : { name, time: "1h", forMs: 3_600_000 };
}

/** Ends or begins it for everybody. */
async function muteAll(deps: MuteDeps, context: CommandContext, forMs: number): Promise<void> {
  const said = deps.alertActions.mute(EVERYBODY, forMs, context.asker.name);
  deps.audit.write(context.asker, said, null, deps.clock.now());
  if (forMs === 0) return await context.reply(said);
  const count = deps.workers.all().length;
  await context.reply(say("mute-all-done", { count, ms: forMs, until: deps.clock.now() + forMs }));
}

function told(names: string, count: number, forMs: number, now: number): Said {
  return say(forMs === 0 ? "unmute-done" : "mute-done", {
    names,
    count,
    ms: forMs,
    until: now + forMs,
  });
}

/** The mute is over, and yet the workers are not heard: something else silences them. */
function stillSilent(
  { silences, clock }: MuteDeps,
  workers: readonly WorkerRow[],
  forMs: number,
): Said[] {
  const ended = forMs === 0 ? workers : [];
  const [other] = ended.flatMap(({ id }) => silences.besides(id, clock.now()) ?? []);
  return other ? [say(`mute-still-${other.kind}`, { by: other.by, until: other.until })] : [];
}

/** Milliseconds; 0 = off; null = not a time. `text`: small letters. */
function durationOf(text: string): number | null {
  if (OFF.has(text)) return 0;
  const parts = [...text.matchAll(/(\d{1,4}) ?(\p{L}*)\.? ?/gu)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return null;
  const minutes = parts.map(([, count, unit = ""]) => {
    const length = UNITS.find(([names]) => names.test(unit))?.[1];
    return length === undefined || (unit === "" && parts.length > 1)
      ? Number.NaN
      : Number(count) * length;
  });
  const ms = minutes.reduce((sum, each) => sum + each, 0) * 60_000;
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

function named(workers: readonly WorkerRow[]): string {
  const more = workers.length - NAMED;
  const names = workers.slice(0, NAMED).map(({ id }) => id);
  return `${names.join(", ")}${more > 0 ? `, +${more}` : ""}`;
}

/** `/mute`; mutes workers that fit a name, or ends that. */
export const muteCommand = textCommand("mute", muteButton, mute);
