import { encodePress } from "@flotilla/contracts";
import { stateIcon, urgency } from "@flotilla/domain";
import type { Said } from "../words/said.ts";
import type { Words } from "../words/words.ts";
import { backButton, cancelButton, pairs, refreshButton, verbButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import { type FleetView, problemsFirst, type WorkerView } from "./view.ts";

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
    view.fresh ? null : words.html("redis-away"),
  );
  return {
    html: text.text,
    keyboard: [[verbButton(words, "workers"), verbButton(words, "add")], [refreshButton(words, encodePress("menu"))]],
  };
}

/** The list, problems first, eight to a page. */
export function workersScreen(view: FleetView, page: number): Card {
  const { words } = view;
  const sorted = problemsFirst(view.workers);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE));
  const current = Math.min(page, pages - 1);
  const shown = sorted.slice(current * PAGE, current * PAGE + PAGE);
  const range = { from: current * PAGE + 1, to: current * PAGE + shown.length, count: sorted.length };
  const buttons = shown.map((worker) => ({
    text: `${icon(worker)} ${worker.id}`,
    callback_data: encodePress("worker", worker.id),
  }));
  const pager = [
    { text: "◀️", callback_data: encodePress("workers", "", String(Math.max(0, current - 1))) },
    { text: `${current + 1}/${pages}`, callback_data: encodePress("workers", "", String(current)) },
    { text: "▶️", callback_data: encodePress("workers", "", String(Math.min(pages - 1, current + 1))) },
  ];
  const title = sorted.length === 0 ? words.html("workers-none") : words.html("workers-title", range);
  return {
    html: lines(title, "", ...shown.map((worker) => workerLine(words, worker))).text,
    keyboard: [
      ...pairs(buttons),
      ...(pages > 1 ? [pager] : []),
      [verbButton(words, "add"), refreshButton(words, encodePress("workers", "", String(current)))],
      [backButton(words, encodePress("menu"))],
    ],
  };
}

/** Asks for the name of a new worker. */
export function addScreen(words: Words, problem: Said | null): Card {
  const text = lines(
    words.html("add-title"),
    "",
    words.html("add-ask"),
    words.html("add-rule"),
    problem ? html`\n❌ ${words.said(problem)}` : null,
  );
  return { html: text.text, keyboard: [[cancelButton(words, encodePress("workers"))]] };
}

function stateCounts({ workers, words }: FleetView): string {
  const counts = new Map<string, { count: number; rank: number }>();
  for (const worker of workers) {
    const label = worker.status
      ? `${stateIcon(worker.status.state)} %n ${words.text(`state-${worker.status.state}`)}`
      : `❔ %n ${words.text("menu-not-reported")}`;
    const known = counts.get(label) ?? { count: 0, rank: worker.status ? urgency(worker.status.state) : 99 };
    counts.set(label, { count: known.count + 1, rank: known.rank });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.rank - a.rank)
    .map(([label, { count }]) => label.replace("%n", String(count)))
    .join("   ");
}

function lastMessage({ workers, words, openAlerts }: FleetView): Html {
  const times = workers.flatMap((worker) => (worker.status?.link?.lastMessageAt ? [worker.status.link.lastMessageAt] : []));
  if (times.length === 0) return words.html("menu-last-none", { alerts: openAlerts });
  return words.html("menu-last", { at: Math.max(...times), alerts: openAlerts });
}

function icon(worker: WorkerView): string {
  return worker.status ? stateIcon(worker.status.state) : "❔";
}

function workerLine(words: Words, worker: WorkerView): Html {
  const { status } = worker;
  if (!status) return html`❔ <b>${worker.id}</b>  ${words.html("worker-not-reported", { host: worker.host })}`;
  const next = status.nextTryAt ? html` · ${words.html("worker-next", { at: status.nextTryAt })}` : "";
  const count = status.state === "BACKOFF" ? ` ${status.crashes}/${status.crashLimit}` : "";
  return html`${icon(worker)} <b>${worker.id}</b>  ${words.text(`state-${status.state}`)}${count}${next}`;
}
