import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, pageOf, show } from "../kit/press.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import type { AuditRow, AuditStore } from "./audit-store.ts";

const data = z.object({ page: z.number().int().nonnegative(), find: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    audit: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    audit: true;
    auditfile: true;
  }
}

const PAGE = 15;
const FILE_ROWS = 10_000;
type Known = { readonly audit: AuditStore };

/** One page of 📒 Audit. `find`: part of the name of a worker or of a person. */
export const audit = screen("audit", data, (deps: Known, view: FleetView, { page, find }) =>
  auditScreen(view, deps.audit.find(find, PAGE, page * PAGE), page, find),
);

/** 📒 Audit, of a worker or of all. */
export const auditButton = button("audit", "operator", (deps: ChatDeps, context) => {
  const { arg, about } = context.press;
  return show(deps, context, { kind: "audit", page: pageOf(arg), find: about });
});

interface FileDeps extends Known {
  readonly wordsOf: (chat: string) => Words;
  readonly sendFile: (chat: string, name: string, text: string) => Promise<void>;
}

/** The same as a file for a spreadsheet. */
export const auditFileButton = button(
  "auditfile",
  "operator",
  async (deps: FileDeps, { chat, press, toast }) => {
    await toast();
    const words = deps.wordsOf(chat);
    const rows = deps.audit.find(press.about, FILE_ROWS);
    const told = rows.map((row) =>
      [new Date(row.at).toISOString(), row.byName, row.worker ?? "", words.plain(row.what)]
        .map(csv)
        .join(","),
    );
    await deps.sendFile(chat, "audit.csv", ["at,by,worker,what", ...told, ""].join("\r\n"));
  },
);

/**
 * One field of a CSV file. A leading sign that a spreadsheet takes for a formula is made harmless.
 */
function csv(field: string): string {
  const safe = /^[=+\-@\t\r]/.test(field) ? `'${field}` : field;
  return `"${safe.replace(/"/g, '""')}"`;
}

/** 📒 Audit: who did what, newest first. */
export function auditScreen(
  view: FleetView,
  rows: readonly AuditRow[],
  page: number,
  find: string,
): Card {
  const { words } = view;
  const arg = (to: number): string => encodePress("audit", find, String(to));
  return {
    html: lines(
      find === "" ? words.html("audit-title") : words.html("audit-title-of", { find }),
      "",
      ...(rows.length === 0
        ? [words.html("audit-none")]
        : rows.map((row) => auditLine(words, row))),
    ).text,
    keyboard: [
      [
        { text: "◀️", callback_data: arg(Math.max(0, page - 1)) },
        { text: String(page + 1), callback_data: arg(page) },
        { text: "▶️", callback_data: arg(page + 1) },
      ],
      [verbButton(words, "auditfile", find), refreshButton(words, arg(page))],
      [backButton(words, find === "" ? encodePress("menu") : encodePress("worker", find))],
    ],
  };
}

function auditLine(words: Words, { at, byName, worker, what }: AuditRow): Html {
  const time = words.text("audit-time", { at });
  const about = worker && html` · <b>${worker}</b>`;
  return html`<code>${time}</code> ${byName}${about} · ${words.said(what)}`;
}
