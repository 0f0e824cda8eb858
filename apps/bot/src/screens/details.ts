import { encodePress, type Fault, type WorkerStatus } from "@flotilla/contracts";
import { actionsFor, stateIcon } from "@flotilla/domain";
import type { InlineKeyboardButton } from "grammy/types";
import type { CommandRow } from "../store/commands.ts";
import type { Words } from "../words/words.ts";
import { backButton, pairs, refreshButton, verbButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import { holderButtons, holderLine } from "./locked.ts";
import type { Card } from "./screen.ts";
import type { FleetView, WorkerView } from "./view.ts";

/** After so long without an answer the card says that it still works. */
const SLOW_MS = 30_000;
/** A result line is shown for so long. */
const RESULT_SHOWN_MS = 120_000;

/** Worker Details: who, where, how it is, and the buttons that its state allows. */
export function workerScreen(view: FleetView, id: string): Card {
  const { words } = view;
  const worker = view.workers.find((each) => each.id === id);
  const back = [backButton(words, encodePress("workers"))];
  if (!worker) return { html: words.html("details-gone", { worker: id }).text, keyboard: [back] };
  const { status } = worker;
  const text = lines(
    html`${status ? stateIcon(status.state) : "❔"} <b>${worker.id}</b>`,
    status ? statusLines(view, worker, status) : words.html("details-silent", { host: worker.host }),
    commandLine(words, worker.command, view.now),
    view.fresh ? null : words.html("redis-away"),
  );
  const refresh = refreshButton(words, encodePress("worker", worker.id));
  return { html: text.text, keyboard: [...actionRows(words, worker), [refresh, ...back]] };
}

function statusLines({ words, now }: FleetView, worker: WorkerView, status: WorkerStatus): Html {
  const { link } = status;
  const process =
    status.pid === null
      ? words.html("details-no-process")
      : words.html("details-process", { pid: String(status.pid), at: status.startedAt ?? status.since });
  return lines(
    accountLine(words, status),
    html`${worker.host} · ${process}`,
    statusLine(words, status, now),
    words.html("details-failures", { failures: link?.failures ?? 0, reconnects: link?.reconnects ?? 0 }),
    link?.lastSuccessAt
      ? words.html("details-last-success", { at: link.lastSuccessAt })
      : words.html("details-last-success-never"),
    words.html("details-counts", {
      messages: link?.messages ?? 0,
      crashes: status.crashes,
      limit: status.crashLimit,
    }),
    storageLine(words, status),
    faultLines(words, status.fault, status.state),
    holderLine(words, status),
  );
}

function accountLine(words: Words, { link }: WorkerStatus): Html {
  const account = link?.account;
  if (!account) return words.html("details-no-account");
  const name = `${account.name}${account.username ? ` (@${account.username})` : ""}`;
  const line = words.html("details-account", { name, id: account.userId.slice(-4) });
  return account.phoneMasked ? html`${line} · ${account.phoneMasked}` : line;
}

function statusLine(words: Words, status: WorkerStatus, now: number): Html {
  const args = { state: words.text(`state-${status.state}`), since: status.since };
  if (status.nextTryAt === null || status.nextTryAt < now) return words.html("details-status", args);
  return words.html("details-status-next", { ...args, at: status.nextTryAt });
}

function storageLine(words: Words, { storage, pid }: WorkerStatus): Html | null {
  if (!storage || pid === null) return null;
  const { lockWaits, longestHoldMs, walBytes, checkpointAt } = storage;
  const args = { waits: lockWaits, hold: longestHoldMs, kb: Math.ceil(walBytes / 1024) };
  const line = words.html("details-storage", args);
  return checkpointAt === null ? line : html`${line} · ${words.html("details-checkpoint", { at: checkpointAt })}`;
}

function faultLines(words: Words, fault: Fault | null, state: WorkerStatus["state"]): Html | null {
  if (state === "NEEDS_LOGIN" && (!fault || fault.code === "no-session")) return html`\n${words.html("details-not-logged-in")}`;
  if (!fault) return null;
  return html`\n${words.html("details-fault", { text: words.fault(fault), class: fault.class, code: fault.code })}`;
}

/** What the latest command of a worker is doing or has done; null when there is nothing to tell (any more). */
function commandLine(words: Words, command: CommandRow | null, now: number): Html | null {
  if (!command) return null;
  const who = words.html("asked-by", { by: command.askerName, at: command.askedAt });
  const named = (family: string): string =>
    words.has(`${family}-${command.verb}`) ? `${family}-${command.verb}` : `${family}-other`;
  if (command.state === "asked") {
    const waited = Math.floor((now - command.askedAt) / 10_000) * 10_000;
    const slow = now - command.askedAt > SLOW_MS ? html` ${words.html("doing-slow", { ms: waited })}` : "";
    return html`\n${words.html(named("doing"))} ${who}.${slow}`;
  }
  const endedAt = command.endedAt ?? command.askedAt;
  if (now - endedAt > RESULT_SHOWN_MS) return null;
  if (command.state === "done" && command.result) return html`\n${command.result}`;
  if (command.state === "done") return html`\n${words.html(named("done"), { at: endedAt })} (${who})`;
  if (command.state === "failed") {
    const why = command.result ?? words.text("why-unknown");
    return html`\n${words.html("not-done", { why })} (${who})`;
  }
  return html`\n${words.html("no-answer")} (${who})`;
}

function actionRows(words: Words, worker: WorkerView): InlineKeyboardButton[][] {
  const actions = actionsFor(worker.status?.state ?? "STOPPED");
  const rows = pairs(actions.map((action) => verbButton(words, action, worker.id)));
  return worker.status ? [...rows, ...holderButtons(words, worker.id, worker.status)] : rows;
}
