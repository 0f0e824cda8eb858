import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { type AskDeps, answered, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, paged, pairs, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, pageOf, show } from "../kit/press.ts";
import { question } from "../kit/question.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { ALL_WORKERS } from "./of-worker.ts";
import {
  type FleetView,
  iconOf,
  isProblem,
  matching,
  nameOf,
  problemsFirst,
  type WorkerView,
} from "./view.ts";

const PAGE = 8;

/** `problems`: only those; `find`: part of a name, a label or a tag. */
const data = z.object({
  page: z.number().int().nonnegative(),
  problems: z.boolean().default(false),
  find: z.string().default(""),
});
type ListData = z.infer<typeof data>;
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    workers: ListData;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    workers: true;
    find: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    find: true;
  }
}

/** 👷 Workers, or those that a search or a tag leaves. */
export const list = screen("workers", data, (_deps, view: FleetView, shown) =>
  workersScreen(view, shown),
);

/** 👷 Workers; the button is about a tag, or about nothing. */
export const listButton = button("workers", "viewer", (deps: ChatDeps, context) => {
  const { arg, about: tag } = context.press;
  const find = tag === "" ? "" : `#${tag}`;
  const shown = { page: pageOf(arg), problems: arg.endsWith("-p"), find };
  return show(deps, context, { kind: "workers", ...shown });
});
/** /workers. */
export const listCommand = textCommand("workers", listButton, ({ panels }: ChatDeps, { chat }) =>
  panels.show(chat, ALL_WORKERS, null),
);

/** 🔎 Find; the next text of this admin is what is looked for. */
export const findButton = button("find", "viewer", (deps: AskDeps, context) =>
  askFor(deps, context, { what: "find", worker: null }),
);
/** Shows what fits the first 32 characters of the text. */
export const findQuestion = question("find", findButton, (deps: AskDeps, context) =>
  answered(deps, context, { ...ALL_WORKERS, find: context.text.trim().slice(0, 32) }),
);

/** The list, problems first, eight to a page. */
export function workersScreen(view: FleetView, screen: ListData): Card {
  const { words } = view;
  const found = screen.find === "" ? view.workers : search(view.workers, screen.find);
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
    keyboard: rows(
      ...pairs(buttons),
      ...pager,
      ...(tag === null ? tagRows(view) : bulkRows(view, tag)),
      [verbButton(words, "find"), filter],
      [view.may("add") && verbButton(words, "add"), refreshButton(words, at(current))],
      [backButton(words, encodePress("menu"))],
    ),
  };
}

/** By name, label or tag, and by a part of the note; an exact name stands alone. */
function search(workers: readonly WorkerView[], find: string): WorkerView[] {
  const named = matching(workers, find);
  const wanted = find.trim().toLowerCase();
  if (named.some(({ id }) => id === wanted)) return named;
  const isMeant = (worker: WorkerView): boolean =>
    named.includes(worker) || worker.note?.toLowerCase().includes(wanted) === true;
  return workers.filter(isMeant);
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
function bulkRows({ words, may, workers }: FleetView, tag: string): InlineKeyboardButton[][] {
  if (!may("bulk") || !workers.some((worker) => worker.tags.includes(tag))) return [];
  return [
    (["start", "restart", "stop"] as const).map((action) => ({
      text: words.text(`button-tag-${action}`, { tag }),
      callback_data: encodePress("bulk", tag, action),
    })),
  ];
}

/** One worker in a list: its state, and what comes next. */
export function workerLine(words: Words, worker: WorkerView): Html {
  const { status } = worker;
  const name = html`<b>${nameOf(worker)}</b>${worker.silences.length > 0 && " 🔕"}`;
  if (worker.hostGone) return html`📦 ${name}  ${words.html("worker-host-gone")}`;
  if (!status) return html`❔ ${name}  ${words.html("worker-not-reported", { host: worker.host })}`;
  const state = words.text(`state-${status.state}`);
  if (worker.staleSince !== null)
    return html`❔ ${name}  ${words.html("worker-stale", { state, at: worker.staleSince })}`;
  const count = status.state === "BACKOFF" && ` ${status.crashes}/${status.crashLimit}`;
  const next =
    status.nextTryAt !== null && html` · ${words.html("worker-next", { at: status.nextTryAt })}`;
  const today =
    status.state === "RUNNING" &&
    worker.day &&
    html` · ${words.html("worker-day", { count: worker.day.received })}`;
  return html`${iconOf(worker)} ${name}  ${state}${count}${next}${today}`;
}
