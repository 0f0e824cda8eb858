import { actionsFor, type LinkStatus, WorkerIdField, type WorkerStatus } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, pairs, refreshButton, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { outageLength } from "../kit/words/outage.ts";
import type { Words } from "../kit/words/words.ts";
import { aboutWorker } from "./about-worker.ts";
import { commandLine } from "./command-line.ts";
import type { WorkerDeps } from "./deps.ts";
import { holderButtons, holderLine } from "./holder.ts";
import { ofWorker } from "./of-worker.ts";
import { resumeButtons, waitLines } from "./sending.ts";
import { type DayView, type FleetView, iconOf, nameOf, unbroken, type WorkerView } from "./view.ts";

const data = z.object({ worker: WorkerIdField });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    worker: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    worker: true;
  }
}

/** Worker Details: the screen that most others lead back to. */
export const details = screen("worker", data, (_deps, view: FleetView, { worker }) =>
  workerScreen(view, worker),
);
/** A worker in a list, or 👷 Details of an alert card. */
export const detailsButton = button(
  "worker",
  "viewer",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    show(deps, context, { kind: "worker", worker: id }),
  ),
);
/** /status <worker>. */
export const statusCommand = textCommand(
  "status",
  detailsButton,
  aboutWorker((deps: WorkerDeps, { chat }, { id }) =>
    deps.panels.show(chat, { kind: "worker", worker: id }, null),
  ),
);

/** Worker Details: who, where, how it is, and the buttons that its state allows. */
export function workerScreen(view: FleetView, id: string): Card {
  const { words } = view;
  const worker = view.workers.find((each) => each.id === id);
  const back = [backButton(words, encodePress("workers"))];
  if (!worker) return { html: words.html("details-gone", { worker: id }).text, keyboard: [back] };
  const { status } = worker;
  const text = lines(
    html`${iconOf(worker)} <b>${nameOf(worker)}</b>   <i>${worker.id}.session</i>`,
    worker.staleSince !== null &&
      words.html("details-stale", { host: worker.host, at: worker.staleSince }),
    status ? statusLines(view, worker, status) : unreported(words, worker),
    worker.note !== null && words.html("details-note", { note: worker.note }),
    worker.openAlerts > 0 && words.html("details-alerts", { count: worker.openAlerts }),
    ...worker.silences.map((each) => words.html(`silence-${each.kind}`, { ...each })),
    commandLine(words, worker, view.now),
    view.trouble !== null && words.html("redis-away"),
  );
  const refresh = refreshButton(words, encodePress("worker", worker.id));
  return { html: text.text, keyboard: [...actionRows(view, worker), [refresh, ...back]] };
}

/** Why nothing is known of it. */
function unreported(words: Words, { host, hostGone }: WorkerView): Html {
  return words.html(hostGone ? "details-host-gone" : "details-silent", { host });
}

/** Which way a worker goes, when it is not the direct one. */
function wayLine(words: Words, { link }: WorkerStatus): Html | null {
  const way = link?.way;
  if (!way?.shown) return null;
  return words.html(way.own ? "details-way-own" : "details-way-host", { way: way.shown });
}

function statusLines({ words, now }: FleetView, worker: WorkerView, status: WorkerStatus): Html {
  const { link, vitals } = status;
  return lines(
    accountLine(words, status),
    html`${worker.host} · ${processLine(words, worker, status)}`,
    statusLine(words, status, now),
    networkLine(words, status),
    words.html("details-failures", {
      failures: link?.failures ?? 0,
      reconnects: link?.reconnects ?? 0,
    }),
    link?.lastSuccessAt
      ? words.html("details-last-success", { at: link.lastSuccessAt })
      : words.html("details-last-success-never"),
    words.html("details-counts", {
      messages: link?.messages ?? 0,
      crashes: status.crashes,
      limit: status.crashLimit,
    }),
    link && sourcesLine(words, link),
    worker.day && dayLine(words, worker.day),
    storageLine(words, status),
    vitals &&
      words.html("details-vitals", {
        mb: Math.round(vitals.rssBytes / 1e6),
        lag: Math.round(vitals.loopLagMs),
      }),
    wayLine(words, status),
    link && outageLine(words, link),
    link && waitLines(words, link, now),
    !!link?.closedChats && words.html("details-closed-chats", { chats: link.closedChats }),
    faultLines(words, status),
    holderLine(words, status),
  );
}

/**
 * What became of the messages of the last outage in which something was missed: the truth, also
 * when some are lost.
 */
function outageLine(words: Words, { outage }: LinkStatus): Html | null {
  if (!outage || outage.missed === 0) return null;
  const { missed, recovered, lost, endedAt } = outage;
  const args = { missed, recovered, lost, ...outageLength(outage), at: endedAt };
  return words.html(lost > 0 ? "details-outage-lost" : "details-outage", args);
}

/** The chats that its routes read. */
function sourcesLine(words: Words, { sources }: LinkStatus): Html | null {
  if (!sources || sources.readable + sources.closed.length === 0) return null;
  const { readable, closed, quiet } = sources;
  return words.html("details-sources", {
    count: readable + closed.length,
    quiet: quiet.length,
    closed: closed.length,
  });
}

function dayLine(words: Words, { received, relayed, waits, longestWait }: DayView): Html {
  const line = words.html("details-day", { received, relayed });
  if (waits === 0) return line;
  return html`${line} · ${words.html("details-day-waits", { count: waits, ms: longestWait })}`;
}

function accountLine(words: Words, { link }: WorkerStatus): Html {
  const account = link?.account;
  if (!account) return words.html("details-no-account");
  const name = account.username ? `${account.name} (@${account.username})` : account.name;
  const line = words.html("details-account", { name, id: account.userId.slice(-4) });
  return account.phoneMasked ? html`${line} · ${unbroken(account.phoneMasked)}` : line;
}

/** A process that starts, is about to end, or was not heard of lately is not "up". */
function processLine(
  words: Words,
  { staleSince }: WorkerView,
  { pid, state, startedAt }: WorkerStatus,
): Html {
  if (pid === null) return words.html("details-no-process");
  if (startedAt === null || state === "STARTING" || staleSince !== null)
    return words.html("details-process-only", { pid: String(pid) });
  return words.html("details-process", { pid: String(pid), at: startedAt });
}

function statusLine(words: Words, status: WorkerStatus, now: number): Html {
  const args = { state: words.text(`state-${status.state}`), since: status.since };
  if (status.nextTryAt === null || status.nextTryAt < now)
    return words.html("details-status", args);
  return words.html("details-status-next", { ...args, at: status.nextTryAt });
}

/** Why a worker without a network does not try by itself. */
function networkLine(words: Words, { worker, prober }: WorkerStatus): Html | null {
  if (prober === undefined) return null;
  return prober === worker
    ? words.html("details-network-prober")
    : words.html("details-network-held", { prober });
}

function storageLine(words: Words, { storage, pid }: WorkerStatus): Html | null {
  if (!storage || pid === null) return null;
  const { lockWaits, longestHoldMs, walBytes, checkpointAt } = storage;
  const args = { waits: lockWaits, hold: longestHoldMs, kb: Math.ceil(walBytes / 1024) };
  const line = words.html("details-storage", args);
  if (checkpointAt === null) return line;
  return html`${line} · ${words.html("details-checkpoint", { at: checkpointAt })}`;
}

function faultLines(words: Words, { fault, state, holder }: WorkerStatus): Html | null {
  if (state === "NEEDS_LOGIN" && (!fault || fault.code === "no-session"))
    return html`\n${words.html("details-not-logged-in")}`;
  if (!fault) return null;
  // The next line names who has it.
  if (holder && fault.class === "SESSION_LOCKED") return html`\n${words.html("details-locked")}`;
  const said = words.html("details-fault", {
    text: words.fault(fault),
    class: fault.class,
    code: fault.code,
  });
  const remedy = REMEDIES[state];
  return remedy ? html`\n${said}\n${words.html(remedy)}` : html`\n${said}`;
}

/** What a person has to do in states that do not mend themselves. */
const REMEDIES: Partial<Record<WorkerStatus["state"], string>> = {
  NEEDS_LOGIN: "details-do-login",
  BANNED: "details-do-banned",
  GAVE_UP: "details-do-gave-up",
};

function actionRows({ words, may }: FleetView, worker: WorkerView): InlineKeyboardButton[][] {
  const actions = actionsFor(worker.status?.state ?? "STOPPED").filter((action) => may(action));
  const relay = (["sources", "routes", "chart"] as const).map((verb) =>
    verbButton(words, verb, worker.id),
  );
  const buttons = [
    ...actions.map((action) => verbButton(words, action, worker.id)),
    ...relay,
    may("mute") && muteButton(words, worker),
    may("more") && verbButton(words, "more", worker.id),
  ].filter((it) => it !== false);
  const { status } = worker;
  const holder = status && may("hstop") ? holderButtons(words, worker.id, status) : [];
  const resume = status && may("resume") ? resumeButtons(words, worker.id, status) : [];
  return [...pairs(buttons), ...holder, ...resume];
}

function muteButton(words: Words, { id, silences }: WorkerView): InlineKeyboardButton {
  if (silences.some(({ kind }) => kind === "mute"))
    return { text: words.text("button-unmute"), callback_data: encodePress("mute", id, "0") };
  return verbButton(words, "mute", id, "60");
}
