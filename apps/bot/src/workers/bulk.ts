import { BulkAction, type WorkerState } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, rows, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { Bulk } from "./bulk-run.ts";
import type { BulkRow, BulkStore } from "./bulk-store.ts";
import { why } from "./command-line.ts";
import type { WorkerDeps } from "./deps.ts";
import type { FleetView } from "./view.ts";

const data = z.object({ bulk: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    bulk: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    bulk: true;
    bulkstop: true;
  }
}

interface BulkDeps extends WorkerDeps {
  readonly bulk: Bulk;
  readonly bulks: BulkStore;
}

/** The progress of an act on many; one of an older bot may be gone. */
export const bulk = screen("bulk", data, (deps: Pick<BulkDeps, "bulks">, view: FleetView, shown) =>
  bulkScreen(view, deps.bulks.find(shown.bulk)),
);

/** Asks once more, with the number. The button is about a tag, or about nothing for all. */
export const bulkButton = button("bulk", "operator", async (deps: WorkerDeps, context) => {
  const action = BulkAction.safeParse(context.press.arg).data;
  if (!action) return await show(deps, context, { kind: "menu" }, say("toast-stale"));
  const about = { worker: null, tag: context.press.about, at: deps.clock.now() };
  await show(deps, context, { kind: "confirm", what: action, ...about });
});

/** ⏹ ends it after the workers in hand. */
export const bulkStopButton = button("bulkstop", "operator", async (deps: BulkDeps, context) => {
  const found = deps.bulks.byTail(context.press.arg);
  if (!found) return await show(deps, context, { kind: "menu" }, say("toast-stale"));
  const problem = await deps.bulk.cancel(found, context.asker, context.id);
  const said = problem ?? say("toast-bulk-stopping");
  await show(deps, context, { kind: "bulk", bulk: found.id }, said);
});

const BAR = 12;
/** So many names stand in one line. */
const NAMED = 30;
/** So many reasons have a line. */
const REASONS = 8;

/** How it went for a worker, in the order in which it is told. */
const ENDS = ["login", "locked", "stuck", "failed", "connecting"] as const;
type End = "done" | (typeof ENDS)[number];

/**
 * What a worker's state says after its process was started: it runs, and yet nothing may be done by
 * it (field faults D4, K8), or it is not known yet whether Telegram lets it in.
 */
const AFTER_START: Readonly<Record<WorkerState, End>> = {
  NEEDS_LOGIN: "login",
  LOGGING_IN: "login",
  LOCKED: "locked",
  IN_USE: "locked",
  BROKEN: "stuck",
  BANNED: "stuck",
  BACKOFF: "stuck",
  GAVE_UP: "stuck",
  RUNNING: "done",
  CATCHING_UP: "done",
  DEGRADED: "done",
  FLOOD: "done",
  STOPPED: "done",
  STOPPING: "done",
  MAINTENANCE: "done",
  STARTING: "connecting",
  RECONNECTING: "connecting",
};

interface Outcome {
  readonly worker: string;
  readonly end: End;
  readonly reason: string;
}

/**
 * The progress of one act on many workers: one card, edited in place. At its end: who is done, and
 * who waits for what, by name.
 */
export function bulkScreen(view: FleetView, bulk: BulkRow | null): Card {
  const { words } = view;
  const menu = [backButton(words, encodePress("menu"))];
  if (!bulk) return { html: words.html("bulk-gone").text, keyboard: [menu] };
  const reports = Object.values(bulk.hosts);
  const outcomes = outcomesOf(view, bulk);
  const count = (end: End): number => outcomes.filter((each) => each.end === end).length;
  const over = reports.every((each) => each.over);
  const filled = Math.round((BAR * outcomes.length) / Math.max(1, bulk.total));
  const current = reports.flatMap((each) => each.current ?? []);
  const [done, connecting] = [count("done"), count("connecting")];
  const numbers = {
    done,
    failed: outcomes.length - done - connecting,
    left: bulk.total - outcomes.length + connecting,
  };
  return {
    html: lines(
      words.html(`bulk-title-${bulk.action}`, { count: bulk.total }),
      html`<code>${"█".repeat(filled)}${"░".repeat(BAR - filled)}</code> ${outcomes.length}/${bulk.total}`,
      words.html(`bulk-${stateOf(bulk, over && connecting === 0, numbers)}`, numbers),
      current.length > 0 && !over && words.html("bulk-current", { workers: current.join(", ") }),
      reports.some((each) => each.phase === "canary-failed") && words.html("bulk-canary-failed"),
      !over && reports.some((each) => each.phase === "canary") && words.html("bulk-canary"),
      ...ENDS.filter((end) => over || end !== "connecting").flatMap((end) =>
        endLines(words, end, outcomes),
      ),
      over && leftLine(words, bulk, outcomes),
      words.html("asked-by", { by: bulk.askerName, at: bulk.askedAt }),
    ).text,
    keyboard: rows(
      !over &&
        !bulk.cancelled && [
          { ...verbButton(words, "bulkstop", "", bulk.id.slice(-16)), style: "danger" },
        ],
      menu,
    ),
  };
}

function stateOf(bulk: BulkRow, over: boolean, { done }: { readonly done: number }): string {
  if (!over) return bulk.cancelled ? "stopping" : "running";
  return done === bulk.total ? "done" : "incomplete";
}

function outcomesOf({ words, workers }: FleetView, { action, hosts }: BulkRow): Outcome[] {
  const states = new Map(workers.map(({ id, status }) => [id as string, status?.state]));
  const starts = action === "start" || action === "restart";
  const after = (worker: string): End | undefined => {
    const state = states.get(worker);
    return starts && state ? AFTER_START[state] : undefined;
  };
  return Object.values(hosts).flatMap((report) => [
    ...report.done.map((worker) => {
      const end = after(worker) ?? "done";
      return {
        worker,
        end,
        reason: end === "stuck" ? words.text(`state-${states.get(worker) ?? "BROKEN"}`) : "",
      };
    }),
    ...report.failed.map(({ worker, code, message }) => {
      const end = after(worker);
      const named = end === "login" || end === "locked";
      return {
        worker,
        end: named ? end : "failed",
        reason: named ? "" : why(words, { code, result: message }),
      } as const;
    }),
  ]);
}

/** One line per reason, with all names. */
function endLines(words: Words, end: Exclude<End, "done">, outcomes: readonly Outcome[]): Html[] {
  const own = outcomes.filter((each) => each.end === end);
  const reasons = [...new Set(own.map(({ reason }) => reason))];
  const told = reasons.slice(0, REASONS).map((reason) => {
    const who = own.filter((each) => each.reason === reason).map(({ worker }) => worker);
    return html`${words.html(`bulk-end-${end}`, { count: who.length, reason })} ${names(words, who)}`;
  });
  if (reasons.length <= REASONS) return told;
  return [...told, words.html("alert-more", { count: reasons.length - REASONS })];
}

function leftLine(words: Words, { workers }: BulkRow, outcomes: readonly Outcome[]): Html | null {
  const told = new Set(outcomes.map(({ worker }) => worker));
  const left = workers.filter((worker) => !told.has(worker));
  if (left.length === 0) return null;
  return html`${words.html("bulk-end-left", { count: left.length })} ${names(words, left)}`;
}

function names(words: Words, workers: readonly string[]): Html {
  const more = workers.length - NAMED;
  const rest = more > 0 && ` ${words.text("alert-more", { count: more })}`;
  return html`<b>${workers.slice(0, NAMED).join(", ")}</b>${rest}`;
}
