import type { SourceMessage } from "@flotilla/contracts";

/**
 * Most milliseconds between a message and its echo: a loop turns as fast as the sender may send.
 */
const ECHO_MS = 45_000;
/** Consecutive echoes that count as a loop. */
const ECHOES = 8;
/** Milliseconds in which repeats of one text by one sender count as a loop, at any pace. */
const WINDOW_MS = 10 * 60_000;
const REPEATS = 12;
/**
 * Shortest text, in characters, that counts as an echo when the next one contains it (a template
 * adds words). A shorter text is part of too many.
 */
const MIN_PART = 8;
/** Most texts remembered per route. */
const MOST_TEXTS = 500;
const LATEST = 5;

interface Seen {
  readonly text: string;
  readonly at: number;
  /** Length of the chain of echoes that ends with this message. */
  readonly echoes: number;
}

interface History {
  /** Newest messages, by sender. */
  readonly latest: Map<string, readonly Seen[]>;
  /** Times within the window, by sender and text. */
  readonly occurrences: Map<string, readonly number[]>;
}

/**
 * Detects a loop that the routes do not reveal: one sender repeats what a route relayed, unchanged
 * or with words around it, again and again. Times are the server's, so that messages fetched after
 * an outage do not look like a burst.
 */
export class LoopBreaker {
  readonly #routes = new Map<string, History>();

  /** Records a message that a route relays. True when it appears to be the route's own echo. */
  looksLikeLoop(
    route: string,
    { text: said, date, sender, chat }: Pick<SourceMessage, "text" | "date" | "sender" | "chat">,
  ): boolean {
    const text = said.normalize("NFKC").toLowerCase().replace(/\s+/gu, "");
    // Photos without a text cannot be told apart.
    if (text === "") return false;
    const history = this.#history(route);
    const who = sender ?? chat;
    const latest = history.latest.get(who) ?? [];
    const before = latest.findLast((seen) => date - seen.at <= ECHO_MS && isEcho(seen.text, text));
    const echoes = before ? before.echoes + 1 : 0;
    put(history.latest, who, [...latest, { text, at: date, echoes }].slice(-LATEST));
    const key = `${who} ${text}`;
    const occurrences = [
      ...(history.occurrences.get(key) ?? []).filter((at) => date - at <= WINDOW_MS),
      date,
    ];
    put(history.occurrences, key, occurrences.slice(-REPEATS));
    const isLoop = echoes >= ECHOES - 1 || occurrences.length >= REPEATS;
    // The count restarts after an admin lifts the stop.
    if (isLoop) this.#routes.delete(route);
    return isLoop;
  }

  #history(route: string): History {
    const known = this.#routes.get(route);
    if (known) return known;
    const history: History = { latest: new Map(), occurrences: new Map() };
    this.#routes.set(route, history);
    return history;
  }
}

function isEcho(before: string, now: string): boolean {
  return before === now || (before.length >= MIN_PART && now.includes(before));
}

/** Adds an entry and removes the oldest above the limit. */
function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_TEXTS) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
