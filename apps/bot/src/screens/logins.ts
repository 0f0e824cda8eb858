import { encodePress } from "@flotilla/contracts";
import { stateIcon } from "@flotilla/domain";
import { backButton, pairs, refreshButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import { type FleetView, nameOf, problemsFirst, type WorkerView } from "./view.ts";

const PAGE = 8;

/** 🔐 Logins: every session, whose it is, and when Telegram last answered it. */
export function loginsScreen(view: FleetView, page: number): Card {
  const { words } = view;
  const sorted = problemsFirst(view.workers);
  const pages = Math.max(1, Math.ceil(sorted.length / PAGE));
  const current = Math.min(page, pages - 1);
  const shown = sorted.slice(current * PAGE, current * PAGE + PAGE);
  const at = (to: number): string => encodePress("logins", "", String(to));
  const pager = [
    { text: "◀️", callback_data: at(Math.max(0, current - 1)) },
    { text: `${current + 1}/${pages}`, callback_data: at(current) },
    { text: "▶️", callback_data: at(Math.min(pages - 1, current + 1)) },
  ];
  return {
    html: lines(words.html("logins-title", { count: sorted.length }), "", ...shown.map((worker) => line(view, worker))).text,
    keyboard: [
      ...pairs(
        shown.map(({ id, status }) => ({
          text: `${status ? stateIcon(status.state) : "❔"} ${id}`,
          callback_data: encodePress("worker", id),
        })),
      ),
      ...(pages > 1 ? [pager] : []),
      [refreshButton(words, at(current)), backButton(words, encodePress("menu"))],
    ],
  };
}

function line({ words }: FleetView, worker: WorkerView): Html {
  const link = worker.status?.link;
  const name = html`${worker.status ? stateIcon(worker.status.state) : "❔"} <b>${nameOf(worker)}</b>`;
  if (!link?.account) return html`${name}  ${words.html("logins-none")}`;
  const { account, lastSuccessAt } = link;
  const who = account.username ? `@${account.username}` : account.name;
  const phone = account.phoneMasked ? ` · ${account.phoneMasked}` : "";
  const proof = lastSuccessAt ? words.html("logins-proof", { at: lastSuccessAt }) : words.html("logins-no-proof");
  return html`${name}  ${who}${phone} · ${proof}`;
}
