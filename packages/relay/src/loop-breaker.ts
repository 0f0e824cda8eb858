import type { SourceMessage } from "@flotilla/contracts";

/** A message that echoes the one before it follows within this time: a loop turns as fast as the sender may send. */
const ECHO_MS = 45_000;
/** This many echoes in a row are a loop. */
const ECHOES = 8;
/** The same text of the same sender this often within the window is a loop too, at any pace. */
const WINDOW_MS = 10 * 60_000;
const REPEATS = 12;
/** A text that is part of the next one is an echo (a template puts words around it), unless it is so short that it is part of anything. */
const MIN_PART = 8;
/** What is remembered of one route. */
const MOST_TEXTS = 500;
const LATEST = 5;

interface Seen {
  readonly text: string;
  readonly at: number;
  /** How many messages before this one it echoes. */
  readonly echoes: number;
}

interface History {
  /** By sender: the newest messages. */
  readonly latest: Map<string, readonly Seen[]>;
  /** By sender and text: when, within the window. */
  readonly times: Map<string, readonly number[]>;
}

/**
 * Recognises a loop that no table shows by what it looks like: what a route took comes back from one sender, the same or with words
 * around it, again and again. Times are the server's, so that what is fetched after an outage is not taken for a burst.
 */
export class LoopBreaker {
  readonly #routes = new Map<string, History>();

  /** Notes a message that a route took. True when it seems to be the route's own echo. */
  looksLikeLoop(
    route: string,
    { text: said, date, sender, chat }: Pick<SourceMessage, "text" | "date" | "sender" | "chat">,
  ): boolean {
    const text = said.normalize("NFKC").toLowerCase().replace(/\s+/gu, "");
    // A photo without a text is like any other.
    if (text === "") return false;
    const history = this.#history(route);
    const who = sender ?? chat;
    const latest = history.latest.get(who) ?? [];
    const before = latest.findLast((seen) => date - seen.at <= ECHO_MS && isEcho(seen.text, text));
    const echoes = before ? before.echoes + 1 : 0;
    put(history.latest, who, [...latest, { text, at: date, echoes }].slice(-LATEST));
    const key = `${who} ${text}`;
    const times = [...(history.times.get(key) ?? []).filter((at) => date - at <= WINDOW_MS), date];
    put(history.times, key, times.slice(-REPEATS));
    const isLoop = echoes >= ECHOES - 1 || times.length >= REPEATS;
    // After a stop that an admin lifted the count begins again.
    if (isLoop) this.#routes.delete(route);
    return isLoop;
  }

  #history(route: string): History {
    const known = this.#routes.get(route);
    if (known) return known;
    const history: History = { latest: new Map(), times: new Map() };
    this.#routes.set(route, history);
    return history;
  }
}

function isEcho(before: string, now: string): boolean {
  return before === now || (before.length >= MIN_PART && now.includes(before));
}

/** The oldest key goes first. */
function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_TEXTS) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
