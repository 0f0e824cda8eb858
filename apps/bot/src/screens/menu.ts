import { encodePress } from "@flotilla/contracts";
import { stateIcon, stateWords, urgency } from "@flotilla/domain";
import { html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import { type FleetView, problemsFirst, type WorkerView } from "./view.ts";
import { clockTime } from "./words.ts";

const PAGE = 8;

/** Main menu: the fleet in four lines. */
export function menuScreen(view: FleetView): Card {
  const hosts = [...new Set(view.workers.map((worker) => worker.host))].join(", ");
  const count = view.workers.length;
  const text = lines(
    html`🛰 <b>Fleet</b> · ${count} worker${count === 1 ? "" : "s"}${hosts ? html` · ${hosts}` : ""}`,
    stateCounts(view.workers) || "No workers yet. Press ➕ Add to make the first one.",
    html`Last message ${lastMessage(view.workers)} · alerts ${view.openAlerts} open`,
    view.fresh ? null : "🔌 Redis is away: this is the last known state.",
  );
  return {
    html: text.text,
    keyboard: [
      [
        { text: "👷 Workers", callback_data: encodePress("workers") },
        { text: "➕ Add", callback_data: encodePress("add") },
      ],
      [{ text: "🔄 Refresh", callback_data: encodePress("menu") }],
    ],
  };
}

/** The list, problems first, eight to a page. */
export function workersScreen(view: FleetView, page: number): Card {
  const sorted = problemsFirst(view.workers);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE));
  const current = Math.min(page, pages - 1);
  const shown = sorted.slice(current * PAGE, current * PAGE + PAGE);
  const range = sorted.length === 0 ? "none yet" : `${current * PAGE + 1}–${current * PAGE + shown.length} of ${sorted.length}`;
  const buttons = shown.map((worker) => ({
    text: `${icon(worker)} ${worker.id}`,
    callback_data: encodePress("worker", worker.id),
  }));
  const pager = [
    { text: "◀️", callback_data: encodePress("workers", "", String(Math.max(0, current - 1))) },
    { text: `${current + 1}/${pages}`, callback_data: encodePress("workers", "", String(current)) },
    { text: "▶️", callback_data: encodePress("workers", "", String(Math.min(pages - 1, current + 1))) },
  ];
  return {
    html: lines(html`👷 <b>Workers</b> ${range}`, "", ...shown.map(workerLine)).text,
    keyboard: [
      ...pairs(buttons),
      ...(pages > 1 ? [pager] : []),
      [
        { text: "➕ Add", callback_data: encodePress("add") },
        { text: "🔄 Refresh", callback_data: encodePress("workers", "", String(current)) },
      ],
      [{ text: "⬅️ Back", callback_data: encodePress("menu") }],
    ],
  };
}

/** Asks for the name of a new worker. */
export function addScreen(problem: string | null): Card {
  const text = lines(
    html`➕ <b>New worker</b>`,
    "Send a name for it, such as news_1.",
    html`<i>1 to 32 characters of a-z, 0-9, _ and -, starting with a letter.</i>`,
    problem ? html`\n❌ ${problem}` : null,
  );
  return { html: text.text, keyboard: [[{ text: "✖️ Cancel", callback_data: encodePress("workers") }]] };
}

function stateCounts(workers: readonly WorkerView[]): string {
  const counts = new Map<string, { count: number; rank: number }>();
  for (const worker of workers) {
    const label = worker.status
      ? `${stateIcon(worker.status.state)} %n ${stateWords(worker.status.state)}`
      : "❔ %n not reported";
    const known = counts.get(label) ?? { count: 0, rank: worker.status ? urgency(worker.status.state) : 99 };
    counts.set(label, { count: known.count + 1, rank: known.rank });
  }
  return [...counts]
    .sort(([, a], [, b]) => b.rank - a.rank)
    .map(([label, { count }]) => label.replace("%n", String(count)))
    .join("   ");
}

function lastMessage(workers: readonly WorkerView[]): string {
  const times = workers.flatMap((worker) => (worker.status?.link?.lastMessageAt ? [worker.status.link.lastMessageAt] : []));
  return times.length === 0 ? "none yet" : clockTime(Math.max(...times));
}

function icon(worker: WorkerView): string {
  return worker.status ? stateIcon(worker.status.state) : "❔";
}

function workerLine(worker: WorkerView): ReturnType<typeof html> {
  const { status } = worker;
  if (!status) return html`❔ <b>${worker.id}</b>  not reported by ${worker.host}`;
  const next = status.nextTryAt ? ` · next ${clockTime(status.nextTryAt)}` : "";
  const count = status.state === "BACKOFF" ? ` ${status.crashes}/${status.crashLimit}` : "";
  return html`${icon(worker)} <b>${worker.id}</b>  ${stateWords(status.state)}${count}${next}`;
}

function pairs<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / 2) }, (_, row) => items.slice(row * 2, row * 2 + 2));
}
