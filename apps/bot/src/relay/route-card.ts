import type {
  RelayStatus,
  Route,
  RouteAction,
  RouteStatus,
  RouteTarget,
} from "@flotilla/contracts";
import { worksByOthers } from "@flotilla/relay";
import type { InlineKeyboardButton } from "grammy/types";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { backButton, refreshButton, rows } from "../kit/keyboard.ts";
import { type Html, html, type Line, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** What a route card shows. */
export interface RouteView {
  readonly words: Words;
  readonly now: number;
  readonly route: Route | null;
  readonly name: string;
  /** What the reader last said, or null when it said nothing yet. */
  readonly status: RelayStatus | null;
  /** The version that its reader should work by; absent when there is none. */
  readonly version?: number | undefined;
  /** Asks whether to take it away. */
  readonly sure: boolean;
}

/** One route: what it does, how it does, and its switches. */
export function routeCard(view: RouteView): Card {
  const { words, route, name, status, sure } = view;
  if (!route)
    return {
      html: words.html("route-gone", { route: name }).text,
      keyboard: [[backTo(words, "routes")]],
    };
  if (sure) return sureCard(words, route);
  const found = status?.routes.find((each) => each.route === route.id) ?? null;
  const text = lines(
    words.html(route.on ? "route-title-on" : "route-title-off", { route: route.id }),
    words.html("route-way", {
      reader: route.from.worker,
      chats: route.from.chats.join(", "),
      target: targetText(words, route.to),
    }),
    topicsLine(words, route),
    filterLine(words, route.filter),
    actionLine(words, route.action),
    words.html("route-follow", {
      edits: onOff(words, route.edits),
      deletes: onOff(words, route.deletes),
      alert: words.text(`route-alert-${route.alert}`),
    }),
    "",
    otherVersion(view),
    ...(found ? figures(view, found) : [words.html("route-silent", { reader: route.from.worker })]),
    backfillLine(view, route.id),
  );
  return {
    html: text.text,
    keyboard: rows(
      ...switches(words, route, found),
      [stopFill(view, route.id)],
      [refresh(words, route.id), backTo(words, "routes", route.from.worker)],
    ),
  };
}

/** Which messages it takes. */
export function filterLine(words: Words, filter: string): Html {
  if (filter === "") return words.html("route-filter-none");
  return words.html("route-filter", { filter });
}

/** What it does with them. */
export function actionLine(words: Words, action: RouteAction): Html {
  if (action.kind === "forward") return words.html("route-forward");
  return words.html("route-copy", { template: action.template });
}

function onOff(words: Words, on: boolean): string {
  return words.text(on ? "word-on" : "word-off");
}

function otherVersion({ words, status, version, now }: RouteView): Html | null {
  if (!status || version === undefined || !worksByOthers(version, status.version, now)) return null;
  return words.html("route-other-version", { reader: status.worker });
}

/** Topics of forums that it reads or delivers to. */
function topicsLine(words: Words, { from, to }: Route): Html | null {
  const into = to.kind === "webhook" ? undefined : to.topic;
  if (from.topic === undefined && into === undefined) return null;
  const all = words.text("route-topic-all");
  return words.html("route-topics", { from: String(from.topic ?? all), into: String(into ?? "–") });
}

function sureCard(words: Words, { id }: Route): Card {
  const yes = {
    text: words.text("button-route-gone"),
    callback_data: encodePress("rset", id, "gone"),
    style: "danger" as const,
  };
  return {
    html: words.html("route-sure", { route: id }).text,
    keyboard: [[yes], [backButton(words, encodePress("route", id))]],
  };
}

function figures({ words, now }: RouteView, found: RouteStatus): Line[] {
  const { counts } = found;
  const count = (name: string): number => counts[name] ?? 0;
  const skipped = count("protected") + count("ephemeral");
  return [
    words.html("route-counts", {
      matched: count("matched"),
      delivered: count("delivered"),
      filtered: count("filtered"),
      skipped,
    }),
    count("edited") + count("deleted") > 0 &&
      words.html("route-followed", { edited: count("edited"), deleted: count("deleted") }),
    count("too-old") + count("forwarded") > 0 &&
      words.html("route-left-out", { old: count("too-old"), forwarded: count("forwarded") }),
    ...losses(words, count),
    count("late") > 0 && words.html("route-late", { late: count("late") }),
    found.p50Ms !== null &&
      found.p99Ms !== null &&
      words.html("route-latency", { p50: seconds(found.p50Ms), p99: seconds(found.p99Ms) }),
    found.lastDeliveredAt !== null && words.html("route-last", { at: found.lastDeliveredAt }),
    queueLine(words, found, now),
    found.file &&
      words.html("route-file", {
        name: found.file.name,
        done: megabytes(found.file.doneBytes),
        size: megabytes(found.file.sizeBytes),
      }),
    found.reason !== null &&
      words.html(found.blocked ? "route-blocked" : "route-reason", { reason: found.reason }),
    found.poison > 0 &&
      words.html("route-poison", { count: found.poison, reason: found.poisonReason ?? "?" }),
    found.moved.length > 0 &&
      words.html("route-moved", {
        chats: found.moved.map(({ chat, to }) => `${chat} → ${to}`).join(", "),
      }),
    found.unknownChats.length > 0 &&
      words.html("route-unknown", { chats: found.unknownChats.join(", ") }),
  ];
}

/** What could not be carried as it was: each kind on a line of its own. */
function losses(words: Words, count: (name: string) => number): Html[] {
  return (["cut", "unreached", "no-reply", "no-media"] as const)
    .filter((name) => count(name) > 0)
    .map((name) => words.html(`route-${name}`, { count: count(name) }));
}

function queueLine(
  words: Words,
  { waiting, parkedUntil, forecastAt }: RouteStatus,
  now: number,
): Html {
  const queue = words.html("route-queue", { count: waiting });
  const until = (key: string, at: number | null) =>
    at !== null && at > now && html` · ${words.html(key, { at })}`;
  return html`${queue}${until("route-parked", parkedUntil)}${until("route-forecast", forecastAt)}`;
}

function backfillLine({ words, status, now }: RouteView, route: string): Html | null {
  const fill = status?.backfill;
  if (!fill || fill.route !== route) return null;
  if (fill.state === "running") {
    const { waitsUntil } = fill;
    const line = fillCount(words, fill);
    if (waitsUntil === null || waitsUntil <= now) return line;
    return html`${line} · ${words.html("route-fill-waits", { at: waitsUntil })}`;
  }
  return words.html(`route-fill-${fill.state}`, {
    fetched: fill.fetched,
    taken: fill.taken,
    known: fill.known,
    reason: fill.reason ?? "",
  });
}

function fillCount(words: Words, { fetched, wanted }: NonNullable<RelayStatus["backfill"]>): Html {
  if (wanted === null) return words.html("route-fill-running", { fetched });
  return words.html("route-fill-wanted", { fetched, wanted });
}

function switches(words: Words, route: Route, found: RouteStatus | null): InlineKeyboardButton[][] {
  const button = (label: string, op: string): InlineKeyboardButton => ({
    text: words.text(`button-route-${label}`),
    callback_data: encodePress("rset", route.id, op),
  });
  const stuck = found && (found.blocked || found.parkedUntil !== null);
  return rows(
    [button(route.on ? "off" : "on", "on"), button("dry", "dry")],
    [
      button(route.edits ? "edits-off" : "edits-on", "edits"),
      button(route.deletes ? "deletes-off" : "deletes-on", "deletes"),
    ],
    [button(`alert-${route.alert}`, "alert"), button("fill", "fill")],
    found && found.poison > 0 && [button("retry", "retry"), button("drop", "drop")],
    stuck && [button("wake", "wake")],
    [
      { text: words.text("button-route-edit"), callback_data: encodePress("redit", route.id) },
      button("remove", "remove"),
    ],
  );
}

function stopFill({ words, status }: RouteView, route: string): InlineKeyboardButton | null {
  const fill = status?.backfill;
  if (fill?.state !== "running" || fill.route !== route) return null;
  return {
    text: words.text("button-fill-stop"),
    callback_data: encodePress("rset", route, "fstop"),
  };
}

/** Where a route delivers to, in words. */
export function targetText(words: Words, to: RouteTarget): string {
  switch (to.kind) {
    case "worker":
      return `${to.worker}: ${to.chat}`;
    case "bot":
      return `${words.text("word-bot")}: ${to.chat}`;
    case "webhook":
      return new URL(to.url).host;
    default:
      return to satisfies never;
  }
}

/** Telegram's time stamps are whole seconds, so more digits would say nothing. */
function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

function refresh(words: Words, route: string): InlineKeyboardButton {
  return refreshButton(words, encodePress("route", route));
}

function backTo(words: Words, verb: "routes", worker = ""): InlineKeyboardButton {
  return backButton(words, encodePress(verb, worker));
}
