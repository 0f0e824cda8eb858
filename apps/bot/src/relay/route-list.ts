import type { RelayStatus, Route } from "@flotilla/contracts";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { backButton, pairs, refreshButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { targetText } from "./route-card.ts";
import { sourceKey } from "./source-key.ts";

const SHOWN = 12;

/** Routes of one reader, or of the whole fleet (`worker` empty). */
export function routesScreen(
  words: Words,
  worker: string,
  routes: readonly Route[],
  statuses: ReadonlyMap<string, RelayStatus>,
): Card {
  const shown = routes.slice(0, SHOWN);
  const title =
    worker === "" ? words.html("routes-title") : words.html("routes-title-of", { worker });
  const text = lines(
    title,
    routes.length === 0 && words.html("routes-none"),
    ...shown.map((route) => routeLine(words, route, statuses.get(route.from.worker) ?? null)),
    routes.length > shown.length &&
      words.html("routes-more", { count: routes.length - shown.length }),
  );
  const buttons = shown.map((route) => ({
    text: `${icon(route)} ${route.id}`,
    callback_data: encodePress("route", route.id),
  }));
  const back = worker === "" ? encodePress("menu") : encodePress("worker", worker);
  return {
    html: text.text,
    keyboard: [
      ...pairs(buttons),
      [{ text: words.text("button-route-new"), callback_data: encodePress("rnew", worker) }],
      [refreshButton(words, encodePress("routes", worker)), backButton(words, back)],
    ],
  };
}

/** Sources of a reader: how old the last message is, how often they come, what is wrong. */
export function sourcesScreen(
  words: Words,
  worker: string,
  routes: readonly Route[],
  status: RelayStatus | null,
  now: number,
): Card {
  const paused = new Set(routes.flatMap(({ from }) => from.paused ?? []));
  const sources = status?.sources ?? [];
  const text = lines(
    words.html("sources-title", { worker }),
    sources.length === 0 && words.html("sources-none"),
    ...sources.slice(0, SHOWN).map((source) => {
      const name = source.title ?? source.ref;
      if (paused.has(source.ref)) return words.html("source-paused", { name });
      if (source.chat === null) return words.html("source-unknown", { name });
      if (source.closed !== null)
        return words.html("source-closed", { name, reason: source.closed });
      if (source.lastMessageAt === null) return words.html("source-new", { name });
      const age = now - source.lastMessageAt;
      const quiet =
        source.rhythmMs !== null &&
        age > Math.max(10 * source.rhythmMs, 600_000, source.usualSilenceMs);
      const rhythm =
        source.rhythmMs === null
          ? words.text("source-rhythm-unknown")
          : words.duration(source.rhythmMs);
      return words.html(quiet ? "source-quiet" : "source-fine", { name, age, rhythm });
    }),
  );
  // Only a paused source can be removed, and only when the route keeps another one: a slip of the
  // finger does nothing.
  const mayGo = (ref: string): boolean =>
    paused.has(ref) &&
    routes.every(({ from }) => !from.chats.includes(ref) || from.chats.length > 1);
  const buttons = sources.slice(0, SHOWN).map(({ ref, title }) => {
    const name = (title ?? ref).slice(0, 24);
    const pause = {
      text: `${paused.has(ref) ? "▶️" : "⏸"} ${name}`,
      callback_data: encodePress("srcset", worker, sourceKey(ref)),
    };
    const out = {
      text: words.text("button-leave-out", { name }),
      callback_data: encodePress("srcset", worker, `x-${sourceKey(ref)}`),
    };
    return mayGo(ref) ? [pause, out] : [pause];
  });
  return {
    html: text.text,
    keyboard: [
      ...buttons,
      [
        refreshButton(words, encodePress("sources", worker)),
        backButton(words, encodePress("worker", worker)),
      ],
    ],
  };
}

interface DryLine {
  readonly text: string;
  /** `take`, or why the route leaves it out. */
  readonly verdict: string;
}

/** A dry run; `found` is null while it is under way. */
export function dryScreen(
  words: Words,
  { route, draft }: { readonly route: string; readonly draft: boolean },
  found: readonly DryLine[] | null,
): Card {
  const taken = found?.filter(({ verdict }) => verdict === "take").length ?? 0;
  return {
    html: lines(
      words.html("dry-title", { route }),
      found && words.html("dry-sum", { taken, count: found.length }),
      ...dryLines(words, found),
    ).text,
    keyboard: [
      draft
        ? [backButton(words, encodePress("rwiz", "summary"))]
        : [
            refreshButton(words, encodePress("rset", route, "dry")),
            backButton(words, encodePress("route", route)),
          ],
    ],
  };
}

function dryLines(words: Words, found: readonly DryLine[] | null): Html[] {
  if (found === null) return [words.html("dry-running")];
  if (found.length === 0) return [words.html("dry-empty")];
  return found.map(
    ({ text, verdict }) =>
      html`${verdict === "take" ? "✅" : "➖"} ${oneLine(text)}${reasonOf(words, verdict)}`,
  );
}

function reasonOf(words: Words, verdict: string): Html | string {
  if (verdict === "take") return "";
  return html` <i>${words.has(`skip-${verdict}`) ? words.text(`skip-${verdict}`) : verdict}</i>`;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line === "" ? "…" : Array.from(line).slice(0, 60).join("");
}

function routeLine(words: Words, route: Route, status: RelayStatus | null): Html {
  const found = status?.routes.find((each) => each.route === route.id);
  const trouble = found && (found.blocked || found.poison > 0) ? "⚠️ " : "";
  const numbers =
    found &&
    words.text("routes-line-counts", {
      delivered: found.counts["delivered"] ?? 0,
      waiting: found.waiting,
    });
  const from = route.from.chats.join(", ").slice(0, 40);
  const to = targetText(words, route.to);
  return html`${icon(route)} ${trouble}<b>${route.id}</b> ${from} → ${to} ${numbers}`;
}

function icon(route: Route): string {
  return route.on ? "🔀" : "⏸";
}
