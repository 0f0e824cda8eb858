import { encodePress, type Fault, type Verb, type WorkerStatus } from "@flotilla/contracts";
import { actionsFor, stateIcon, stateWords, type WorkerAction } from "@flotilla/domain";
import type { InlineKeyboardButton } from "grammy/types";
import type { CommandRow } from "../store/commands.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import type { FleetView, WorkerView } from "./view.ts";
import { clockTime, dateTime, duration } from "./words.ts";

/** After so long without an answer the card says that it still works. */
const SLOW_MS = 30_000;
/** A result line is shown for so long. */
const RESULT_SHOWN_MS = 120_000;

/** Worker Details: who, where, how it is, and the buttons that its state allows. */
export function workerScreen(view: FleetView, id: string): Card {
  const worker = view.workers.find((each) => each.id === id);
  const back = [{ text: "⬅️ Back", callback_data: encodePress("workers") }];
  if (!worker) return { html: html`There is no worker <b>${id}</b> any more.`.text, keyboard: [back] };
  const { status } = worker;
  const text = lines(
    html`${status ? stateIcon(status.state) : "❔"} <b>${worker.id}</b>`,
    status
      ? statusLines(worker, status, view.now)
      : html`Its host ${worker.host} has not reported it. Is the supervisor running there?`,
    commandLine(worker.command, view.now),
    view.fresh ? null : "🔌 Redis is away: this is the last known state.",
  );
  return { html: text.text, keyboard: [...actionRows(worker), [...refresh(worker), ...back]] };
}

function statusLines(worker: WorkerView, status: WorkerStatus, now: number): Html {
  const { link } = status;
  const account = link?.account;
  const process =
    status.pid === null ? "no process" : `pid ${status.pid} · up since ${dateTime(status.startedAt ?? status.since)}`;
  return lines(
    account
      ? html`Account: ${account.name}${account.username ? ` (@${account.username})` : ""} · id …${account.userId.slice(-4)}${account.phoneMasked ? ` · ${account.phoneMasked}` : ""}`
      : "Account: not logged in",
    html`${worker.host} · ${process}`,
    html`<b>Status:</b> ${stateWords(status.state)}${nextTry(status, now)}`,
    html`<b>Failures:</b> ${link?.failures ?? 0}   <b>Reconnects:</b> ${link?.reconnects ?? 0}`,
    html`<b>Last Success:</b> ${link?.lastSuccessAt ? dateTime(link.lastSuccessAt) : "never"}`,
    html`Messages seen ${link?.messages ?? 0} · Restarts ${status.crashes}/${status.crashLimit}`,
    faultLines(status.fault, status.state),
  );
}

function nextTry(status: WorkerStatus, now: number): string {
  const since = ` · since ${clockTime(status.since)}`;
  if (status.nextTryAt === null || status.nextTryAt < now) return since;
  return `${since} · next try ${clockTime(status.nextTryAt)}`;
}

function faultLines(fault: Fault | null, state: WorkerStatus["state"]): Html | null {
  if (state === "NEEDS_LOGIN" && (!fault || fault.code === "no-session"))
    return html`\n🔑 Not logged in yet. Press 🔐 Authenticate (about 1 min).`;
  if (!fault) return null;
  return html`\n⚠️ ${fault.message} <i>(${fault.class}, ${fault.code})</i>`;
}

const DOING: Readonly<Record<string, string>> = {
  start: "▶️ Starting…",
  stop: "⏹ Stopping…",
  restart: "🔄 Restarting…",
  check: "🩺 Checking…",
  who: "👀 Looking…",
};
const DONE: Readonly<Record<string, string>> = {
  start: "Started",
  stop: "Stopped",
  restart: "Restarted",
  check: "Checked: Telegram answers",
};

function commandLine(command: CommandRow | null, now: number): Html | null {
  if (!command) return null;
  const who = `asked by ${command.askerName} ${clockTime(command.askedAt)}`;
  if (command.state === "asked") {
    const slow =
      now - command.askedAt > SLOW_MS
        ? ` Still working (${duration(Math.floor((now - command.askedAt) / 10_000) * 10_000)}).`
        : "";
    return html`\n${DOING[command.verb] ?? "⏳ Working…"} ${who}.${slow}`;
  }
  if (now - (command.endedAt ?? command.askedAt) > RESULT_SHOWN_MS) return null;
  if (command.state === "done" && command.result) return html`\n${command.result}`;
  if (command.state === "done") return html`\n✅ ${DONE[command.verb] ?? "Done"} ${clockTime(command.endedAt ?? now)} (${who})`;
  if (command.state === "failed") return html`\n❌ Not done: ${command.result ?? "unknown reason"} (${who})`;
  return html`\n❌ No answer from the manager; nothing was done. Is the supervisor running? (${who})`;
}

const LABELS: Readonly<Record<WorkerAction, { text: string; verb: Verb }>> = {
  restart: { text: "🔄 Restart", verb: "restart" },
  stop: { text: "⏹ Stop", verb: "stop" },
  start: { text: "▶️ Start", verb: "start" },
  login: { text: "🔐 Authenticate", verb: "login" },
  check: { text: "🩺 Check now", verb: "check" },
  log: { text: "📜 Log", verb: "log" },
  who: { text: "👀 Who holds it?", verb: "who" },
};

function actionRows(worker: WorkerView): InlineKeyboardButton[][] {
  const actions = actionsFor(worker.status?.state ?? "STOPPED");
  const buttons = actions.map((action) => ({
    text: LABELS[action].text,
    callback_data: encodePress(LABELS[action].verb, worker.id),
  }));
  return Array.from({ length: Math.ceil(buttons.length / 2) }, (_, row) => buttons.slice(row * 2, row * 2 + 2));
}

function refresh(worker: WorkerView): InlineKeyboardButton[] {
  return [{ text: "🔄 Refresh", callback_data: encodePress("worker", worker.id) }];
}
