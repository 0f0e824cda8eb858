import { judgeAmount } from "./amount.ts";
import { type Claim, readSaying, type Saying } from "./claims.ts";
import {
  type Bounds,
  clock,
  describe,
  EDIT_GAP_MS,
  firstLine,
  type Happening,
  type Told,
} from "./model.ts";

/** Timers and the clocks of two processes. */
const SLACK_MS = 1000;
/** Redis is asked this often: since when it is away is not known better. */
const REDIS_ASKED_MS = 2600;
/** By then a card says that a trouble is over. */
const CLOSED_MS = 10_000;
/** Happenings of one kind within this time are told as one. */
const BURST_MS = 2000;

/** A message about troubles, over all its edits. */
interface Card {
  readonly chat: string;
  readonly message: number;
  n: number | null;
  /** When it first told of each, and that it is over. */
  readonly about: Map<Happening, { readonly toldAt: number; overAt: number | null }>;
}

/**
 * Compares what happened with what was told, one by one. Empty = every trouble was told once, in
 * time, truly, and not too often.
 */
export function judgeStory(
  happened: readonly Happening[],
  told: readonly Told[],
  bounds: Bounds,
): string[] {
  const wrong: string[] = [];
  const cards = new Map<string, Card>();
  const ends = new Set<string>();
  for (const each of told.filter(({ how }) => how !== "unchanged")) {
    const saying = readSaying(each.html);
    if (saying.kind === "unknown") wrong.push(`false: nothing is known of “${firstLine(each)}”`);
    if (saying.kind !== "alert") continue;
    if (saying.lone) wrong.push(...judgeEnd(saying, each, { cards, ends }));
    else wrong.push(...judgeCard(cardOf(cards, each), saying, each, { happened, bounds }));
  }
  for (const chat of bounds.hears)
    wrong.push(
      ...judgeChat(
        happened,
        [...cards.values()].filter((card) => card.chat === chat),
        bounds.busyMs,
      ),
    );
  for (const chat of new Set(told.map((each) => each.chat))) {
    const own = told.filter((each) => each.chat === chat);
    wrong.push(...judgeAmount(own, bounds, chat));
  }
  return wrong;
}

function cardOf(cards: Map<string, Card>, { chat, message }: Told): Card {
  const key = `${chat}/${message}`;
  const card = cards.get(key) ?? { chat, message, n: null, about: new Map() };
  cards.set(key, card);
  return card;
}

type Alert = Extract<Saying, { kind: "alert" }>;

/** One version of a card: each claim of it is true at this moment. */
function judgeCard(
  card: Card,
  saying: Alert,
  told: Told,
  { happened, bounds }: { readonly happened: readonly Happening[]; readonly bounds: Bounds },
): string[] {
  const wrong: string[] = [];
  card.n = saying.n;
  for (const claim of saying.claims) {
    const { count, of, names, more } = claim;
    if (count !== null && count !== names.length + more)
      wrong.push(
        `false: says ${count}, names ${names.length} and ${more} more: “${firstLine(told)}”`,
      );
    if (of !== null && of !== bounds.workers)
      wrong.push(`false: a fleet of ${of}, it has ${bounds.workers}`);
    wrong.push(...judgeNames(card, claim, told, { happened, over: saying.over }));
    const unnamed = saying.wellAgain - names.filter(({ over }) => over).length;
    wrong.push(
      ...judgeUnnamed(card, claim, told, {
        happened,
        over: saying.over ? more : Math.max(0, unnamed),
      }),
    );
  }
  return [...wrong, ...judgeSince(card, saying, told, bounds.busyMs)];
}

/** The time that it names is that of the first trouble on it. */
function judgeSince({ about }: Card, { since }: Alert, told: Told, busyMs: number): string[] {
  const first = [...about.keys()].reduce<Happening | null>(
    (a, b) => (a !== null && a.at <= b.at ? a : b),
    null,
  );
  if (since === null || first === null) return [];
  const day = new Date(first.at).toISOString().slice(0, 11);
  // Shown without its milliseconds.
  const apartMs = Math.abs(Date.parse(`${day}${since}Z`) - first.at);
  const mayMs = 1000 + SLACK_MS + busyMs + (first.trouble === "redis" ? REDIS_ASKED_MS : 0);
  return apartMs <= mayMs
    ? []
    : [`false time: since ${since}, it was ${clock(first.at)}: “${firstLine(told)}”`];
}

interface Facts {
  readonly happened: readonly Happening[];
  /** The whole card says that it is over. */
  readonly over: boolean;
}

function judgeNames(
  card: Card,
  { trouble, names }: Claim,
  told: Told,
  { happened, over }: Facts,
): string[] {
  return names.flatMap((name) => {
    const fits = (each: Happening): boolean =>
      each.trouble === trouble && each.about === name.about && each.at <= told.at;
    const found = [...card.about.keys()].findLast(fits) ?? happened.findLast(fits);
    if (!found)
      return [`false: ${trouble} of ${name.about} at ${clock(told.at)}: “${firstLine(told)}”`];
    return note(card, found, told, over || name.over);
  });
}

/** Those that are counted without a name stand for what happened and is named nowhere. */
function judgeUnnamed(
  card: Card,
  { trouble, names, more }: Claim,
  told: Told,
  { happened, over }: { readonly happened: readonly Happening[]; readonly over: number },
): string[] {
  if (more === 0) return [];
  const named = new Set(names.map(({ about }) => about));
  const fits = (each: Happening): boolean =>
    each.trouble === trouble && each.at <= told.at && !named.has(each.about);
  const endOf = ({ over: end }: Happening): number => end ?? Number.POSITIVE_INFINITY;
  const all = [...new Set([...card.about.keys(), ...happened])].filter(fits);
  const found = all.slice(0, more).sort((a, b) => endOf(a) - endOf(b) || 0);
  const missing = more - found.length;
  return [
    ...(missing > 0
      ? [`false: ${missing} ${trouble} too many at ${clock(told.at)}: “${firstLine(told)}”`]
      : []),
    ...found.flatMap((each, n) => note(card, each, told, n < over)),
  ];
}

/** Writes down that the card tells of it. */
function note(card: Card, happening: Happening, told: Told, over: boolean): string[] {
  const before = card.about.get(happening) ?? { toldAt: told.at, overAt: null };
  card.about.set(happening, { ...before, overAt: before.overAt ?? (over ? told.at : null) });
  const isOver = happening.over !== null && happening.over <= told.at + SLACK_MS;
  if (!over || isOver) return [];
  return [
    `false: ${describe(happening)} is told as over at ${clock(told.at)}, it is ${isNot(happening)}`,
  ];
}

function isNot({ over }: Happening): string {
  return over === null ? "not over" : `over at ${clock(over)}`;
}

/** The silent reply that tells of the end, once for each card. */
function judgeEnd(
  { n }: Alert,
  told: Told,
  { cards, ends }: { readonly cards: ReadonlyMap<string, Card>; readonly ends: Set<string> },
): string[] {
  const card = [...cards.values()].find((each) => each.chat === told.chat && each.n === n);
  if (!card) return [`false: the end of #A${n}, which was not told: “${firstLine(told)}”`];
  const key = `${told.chat}/${n}`;
  const again = ends.has(key) ? [`doubled: the end of #A${n} at ${clock(told.at)}`] : [];
  ends.add(key);
  return [...again, ...[...card.about.keys()].flatMap((each) => note(card, each, told, true))];
}

/** Every trouble was told in this chat: once, in time, and also its end. */
function judgeChat(
  happened: readonly Happening[],
  cards: readonly Card[],
  busyMs: number,
): string[] {
  return happened.flatMap((each) => {
    const tellings = cards.flatMap((card) => card.about.get(each) ?? []);
    const [telling, ...more] = tellings;
    if (!telling) return [`missing: ${describe(each)}`];
    const burst = happened.filter(
      (other) => other.trouble === each.trouble && Math.abs(other.at - each.at) <= BURST_MS,
    );
    const first = Math.min(
      ...burst.flatMap((other) => cards.flatMap((card) => card.about.get(other)?.toldAt ?? [])),
    );
    const began = Math.min(...burst.map(({ at }) => at));
    const tookMs = telling.toldAt - each.at;
    const withinMs = each.withinMs + busyMs;
    const late = first - began > withinMs || tookMs > withinMs + EDIT_GAP_MS + SLACK_MS;
    const closedMs =
      each.over === null || telling.overAt === null
        ? 0
        : telling.overAt - Math.max(each.over, telling.toldAt);
    return [
      ...(more.length > 0
        ? [`doubled: ${describe(each)} is told by ${tellings.length} messages`]
        : []),
      ...(late
        ? [
            `late: ${describe(each)} was told after ${tookMs} ms, the first of its kind after ` +
              `${first - began} ms`,
          ]
        : []),
      ...(each.over !== null && telling.overAt === null
        ? [`missing: the end of ${describe(each)}`]
        : []),
      ...(closedMs > CLOSED_MS + busyMs
        ? [`late: the end of ${describe(each)}, after ${closedMs} ms`]
        : []),
    ];
  });
}
