import { type HostRow, loadOf } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { CONFIRM_MS, stampOf } from "../kit/confirm.ts";
import {
  backButton,
  cancelButton,
  pairs,
  refreshButton,
  rows,
  verbButton,
} from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { workerLine } from "../workers/list.ts";
import { type FleetView, iconOf, problemsFirst, type WorkerView } from "../workers/view.ts";
import { type HostView, isGone } from "./host-views.ts";

/** Most hosts, and workers of one, that a card names: Telegram takes 4096 characters. */
const SHOWN = 20;
const NAMED = 12;

/** 🖥 Hosts: each with what it runs and what it can still carry. */
export function hostsCard(view: FleetView, hosts: readonly HostView[]): Card {
  const { words } = view;
  const without = view.workers.filter(({ hostGone }) => hostGone);
  return {
    html: lines(
      words.html("hosts-title"),
      hosts.length === 0 && words.html("hosts-none"),
      ...hosts.slice(0, SHOWN).flatMap((each) => ["", ...hostLines(words, each)]),
      hosts.length > SHOWN && words.html("host-more", { count: hosts.length - SHOWN }),
      without.length > 0 && html`\n${withoutLine(words, without)}`,
    ).text,
    keyboard: rows(
      ...pairs(
        hosts.slice(0, SHOWN).map((each) => ({
          text: `${markOf(each)} ${each.host}`,
          callback_data: encodePress("host", each.host),
        })),
      ),
      [refreshButton(words, encodePress("hosts")), backButton(words, encodePress("health"))],
    ),
  };
}

/** One host with its workers. */
export function hostCard(view: FleetView, found: HostView): Card {
  const { words, may } = view;
  const { host } = found;
  const sorted = problemsFirst(found.workers);
  const shown = sorted.slice(0, NAMED);
  return {
    html: lines(
      ...hostLines(words, found),
      detailLine(words, found),
      sorted.length > 0 && "",
      ...shown.map((worker) => workerLine(words, worker)),
      sorted.length > NAMED && words.html("host-more", { count: sorted.length - NAMED }),
      !found.isHeard && html`\n${words.html("host-silent-how", { host })}`,
    ).text,
    keyboard: rows(
      ...pairs(
        shown.map((worker) => ({
          text: `${iconOf(worker)} ${worker.id}`,
          callback_data: encodePress("worker", worker.id),
        })),
      ),
      isDrainable(found) && may("drain") && [verbButton(words, "drain", host)],
      isGone(found, view.now) &&
        may("hforget") && [{ ...verbButton(words, "hforget", host), style: "danger" as const }],
      [refreshButton(words, encodePress("host", host)), backButton(words, encodePress("hosts"))],
    ),
  };
}

/** Where ⏏️ has something to do, or something to show. */
function isDrainable({ drain, isHeard, workers }: HostView): boolean {
  return drain !== null || (isHeard && workers.length > 0);
}

/** The question before a host is forgotten. */
export function forgetCard({ words }: FleetView, { host, workers }: HostView, at: number): Card {
  const stamp = stampOf(at);
  const danger = { style: "danger" as const };
  const forget = verbButton(words, "hforgetyes", host, stamp);
  const some = workers.length > 0;
  const names = workers.slice(0, SHOWN).map(({ id }) => id);
  return {
    html: lines(
      words.html("hforget-ask", { host }),
      some && words.html("hforget-workers", { count: workers.length }),
      some && html`<b>${names.join(", ")}</b>${workers.length > SHOWN && " …"}`,
      words.html("hforget-how"),
      words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: rows(
      some && [verbButton(words, "hforgetkeep", host, stamp)],
      [{ ...forget, ...danger, text: some ? forget.text : words.text("button-hforgetempty") }],
      [cancelButton(words, encodePress("host", host))],
    ),
  };
}

/** ➕ Add asks where the worker will run: the first one has the most to spare. */
export function whereCard(
  { words }: FleetView,
  hosts: readonly HostView[],
  open: readonly HostId[],
): Card {
  const choices = open.flatMap((host) => hosts.find((each) => each.host === host) ?? []);
  return {
    html: lines(
      words.html("add-title"),
      "",
      words.html(choices.length > 0 ? "add-where" : "add-nowhere"),
      ...choices.slice(0, SHOWN).flatMap((each) => hostLines(words, each)),
    ).text,
    keyboard: rows(
      ...choices
        .slice(0, SHOWN)
        .map(({ host }) => [{ text: `🖥 ${host}`, callback_data: encodePress("addat", host) }]),
      [cancelButton(words, encodePress("workers"))],
    ),
  };
}

function markOf({ isHeard, drain }: HostView): string {
  if (!isHeard) return "📵";
  return drain ? "⏏️" : "🟢";
}

function drainLine(words: Words, { drain }: HostView): Html | null {
  if (!drain) return null;
  return html`     ${words.html(drain.overAt === null ? "host-draining" : "host-drained")}`;
}

/** The name and what runs, then what it can carry, then why it takes no workers. */
export function hostLines(words: Words, found: HostView): Html[] {
  const { host, row, workers, heardAt, isHeard } = found;
  const running = isHeard ? workers.filter(isRunning).length : 0;
  const count = words.html("host-workers", { running, count: workers.length });
  const closed = [drainLine(words, found)].filter((line) => line !== null);
  const name = html`${markOf(found)} <b>${host}</b> · ${count}`;
  if (!isHeard) {
    const last =
      heardAt === null ? words.html("host-never") : words.html("host-last", { at: heardAt });
    return [name, html`     ${last}`, ...closed];
  }
  return [name, ...(row?.capacity ? [html`     ${loadLine(words, row)}`] : []), ...closed];
}

function isRunning({ status, staleSince }: WorkerView): boolean {
  return staleSince === null && status !== null && status.pid !== null;
}

function loadLine(words: Words, { capacity, labels = [] }: HostRow): Html {
  if (!capacity) return html``;
  const load = words.html("host-load", { load: Math.round(loadOf(capacity) * 100) });
  const room = words.html("host-room", { room: capacity.room });
  return html`${load} · ${room}${labels.length > 0 && ` · 🏷 ${labels.join(", ")}`}`;
}

/** What only the screen of one host says. */
function detailLine(words: Words, { row, heardAt, isHeard }: HostView): Html | null {
  if (!row) return null;
  const { capacity, program } = row;
  const parts = [
    program && words.html("host-version", { version: program.runs.version }),
    isHeard &&
      capacity &&
      words.html("host-memory", {
        free: gigabytes(capacity.freeBytes),
        total: gigabytes(capacity.memoryBytes),
        cores: capacity.cores,
      }),
    isHeard && heardAt !== null && words.html("host-heard", { at: heardAt }),
  ].filter((part) => !!part);
  return parts.reduce<Html | null>((all, part) => (all ? html`${all} · ${part}` : part), null);
}

function gigabytes(bytes: number): number {
  return Math.round(bytes / 1e8) / 10;
}

function withoutLine(words: Words, workers: readonly WorkerView[]): Html {
  const names = workers.slice(0, SHOWN).map(({ id }) => id);
  const line = words.html("hosts-without", { count: workers.length });
  return html`${line} <b>${names.join(", ")}</b>${workers.length > SHOWN && " …"}`;
}
