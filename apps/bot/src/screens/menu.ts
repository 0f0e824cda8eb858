import { encodePress, urgency } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { mayPress } from "../roles.ts";
import type { Words } from "../words/words.ts";
import { backButton, paged, pairs, refreshButton, verbButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card, Screen } from "./screen.ts";
import {
  type FleetView,
  iconOf,
  isProblem,
  matching,
  nameOf,
  problemsFirst,
  silentHosts,
  type WorkerView,
} from "./view.ts";

const PAGE = 8;

/** Main menu: the fleet in four lines. */
export function menuScreen(view: FleetView): Card {
  const { words } = view;
  const hosts = [...new Set(view.workers.map((worker) => worker.host))].join(", ");
  const title = words.html("menu-title", { count: view.workers.length });
  const text = lines(
    hosts ? html`${title} · ${hosts}` : title,
    stateCounts(view) || words.html("menu-empty"),
    lastMessage(view),
    ...silentHosts(view),
    ...view.silences.map((each) => words.html(`silence-${each.kind}`, { ...each })),
    view.trouble === null ? null : words.html("redis-away"),
  );
  const alerts = words.text("button-alerts-count", { count: view.openAlerts });
  const bulk = (action: string) => ({
    text: words.text(`button-all-${action}`),
    callback_data: encodePress("bulk", "", action),
  });
  const operator = mayPress(view.role, "bulk");
  return {
    html: text.text,
    keyboard: [
      [
        verbButton(words, "workers"),
        { text: alerts, callback_data: encodePress("alerts", "", "open") },
      ],
      [verbButton(words, "logins"), verbButton(words, "health"), verbButton(words, "chart")],
      [verbButton(words, "routes"), verbButton(words, "audit"), verbButton(words, "settings")],
      ...(operator && view.workers.length > 0
        ? [
            [bulk("start"), bulk("restart")],
            [bulk("stop"), maintain(view)],
          ]
        : []),
      [
        ...(mayPress(view.role, "add") ? [verbButton(words, "add")] : []),
        refreshButton(words, encodePress("menu")),
      ],
    ],
  };
}

function maintain({ words, silences }: FleetView) {
  const on = silences.some(({ kind }) => kind === "maintenance");
  return {
    text: words.text(on ? "button-maintain-off" : "button-maintain"),
    callback_data: encodePress("maintain", "", on ? "0" : "60"),
  };
}

/** The list, problems first, eight to a page. */
export function workersScreen(
  view: FleetView,
  screen: Omit<Extract<Screen, { kind: "workers" }>, "kind">,
): Card {
  const { words } = view;
  const found = screen.find === "" ? view.workers : matching(view.workers, screen.find);
  const sorted = problemsFirst(screen.problems ? found.filter(isProblem) : found);
  const tag = tagOf(screen.find);
  const at = (page: number): string =>
    encodePress("workers", tag ?? "", `${page}${screen.problems ? "-p" : ""}`);
  const { shown, from, current, pager } = paged(sorted, { page: screen.page, size: PAGE, at });
  const range = { from: from + 1, to: from + shown.length, count: sorted.length };
  const buttons = shown.map((worker) => ({
    text: `${iconOf(worker)} ${worker.id}`,
    callback_data: encodePress("worker", worker.id),
  }));
  const title =
    sorted.length === 0 ? nothingThere(words, screen) : words.html("workers-title", range);
  const filter = screen.problems
    ? { text: words.text("button-everybody"), callback_data: encodePress("workers") }
    : { text: words.text("button-problems"), callback_data: encodePress("workers", "", "0-p") };
  return {
    html: lines(
      screen.find === "" || sorted.length === 0
        ? title
        : html`${title} · ${words.html("workers-found", { find: screen.find })}`,
      "",
      ...shown.map((worker) => workerLine(words, worker)),
    ).text,
    keyboard: [
      ...pairs(buttons),
      ...pager,
      ...(tag === null ? tagRows(view) : bulkRows(view, tag)),
      [verbButton(words, "find"), filter],
      [
        ...(mayPress(view.role, "add") ? [verbButton(words, "add")] : []),
        refreshButton(words, at(current)),
      ],
      [backButton(words, encodePress("menu"))],
    ],
  };
}

function nothingThere(
  words: Words,
  { find, problems }: { readonly find: string; readonly problems: boolean },
): Html {
  if (find !== "") return words.html("workers-not-found", { find });
  return words.html(problems ? "workers-no-problem" : "workers-none");
}

/** The tag that a search is for: `#eu` means the tag alone, not a part of a name. */
function tagOf(find: string): string | null {
  return find.startsWith("#") ? find.slice(1) : null;
}

const TAGS_SHOWN = 8;

/** A button for each tag, which shows its workers. */
function tagRows({ workers }: FleetView): InlineKeyboardButton[][] {
  const tags = [...new Set(workers.flatMap((worker) => worker.tags))].sort().slice(0, TAGS_SHOWN);
  const buttons = tags.map((tag) => ({
    text: `🏷 ${tag}`,
    callback_data: encodePress("workers", tag, "0"),
  }));
  return Array.from({ length: Math.ceil(buttons.length / 4) }, (_, row) =>
    buttons.slice(row * 4, row * 4 + 4),
  );
}

/** Acts on all workers with a tag; each asks once more. */
function bulkRows({ words, role, workers }: FleetView, tag: string): InlineKeyboardButton[][] {
  if (!mayPress(role, "bulk") || !workers.some((worker) => worker.tags.includes(tag))) return [];
  return [
    (["start", "restart", "stop"] as const).map((action) => ({
      text: words.text(`button-tag-${action}`, { tag }),
      callback_data: encodePress("bulk", tag, action),
    })),
  ];
}

function stateCounts({ workers, words }: FleetView): string {
  const counts = new Map<string, { icon: string; count: number; rank: number }>();
  for (const { status, staleSince } of workers) {
    const state = !status
      ? "menu-not-reported"
      : staleSince === null
        ? `state-${status.state}`
        : "menu-stale";
    const rank = status ? urgency(status.state) : 99;
    counts.set(state, {
      icon: iconOf({ status, staleSince }),
      rank,
      count: (counts.get(state)?.count ?? 0) + 1,
    });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.rank - a.rank)
    .map(([state, { icon, count }]) =>
      words.text("menu-count", { icon, count, state: words.text(state) }),
    )
    .join("   ");
}

function lastMessage({ workers, words, openAlerts }: FleetView): Html {
  const times = workers.flatMap((worker) =>
    worker.status?.link?.lastMessageAt ? [worker.status.link.lastMessageAt] : [],
  );
  if (times.length === 0) return words.html("menu-last-none", { alerts: openAlerts });
  return words.html("menu-last", { at: Math.max(...times), alerts: openAlerts });
}

/** One worker in a list: its state, and what comes next. */
export function workerLine(words: Words, worker: WorkerView): Html {
  const { status } = worker;
  const name = html`<b>${nameOf(worker)}</b>${worker.silences.length === 0 ? "" : " 🔕"}`;
  if (!status) return html`❔ ${name}  ${words.html("worker-not-reported", { host: worker.host })}`;
  if (worker.staleSince !== null)
    return html`❔ ${name}  ${words.html("worker-stale", { state: words.text(`state-${status.state}`), at: worker.staleSince })}`;
  const next = status.nextTryAt
    ? html` · ${words.html("worker-next", { at: status.nextTryAt })}`
    : "";
  const count = status.state === "BACKOFF" ? ` ${status.crashes}/${status.crashLimit}` : "";
  const today =
    status.state === "RUNNING" && worker.day
      ? html` · ${words.html("worker-day", { count: worker.day.received })}`
      : "";
  return html`${iconOf(worker)} ${name}  ${words.text(`state-${status.state}`)}${count}${next}${today}`;
}
