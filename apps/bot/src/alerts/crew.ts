import { encodePress } from "@flotilla/contracts";
import { backButton, paged, pairs, refreshButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { lines } from "../kit/words/html.ts";
import { workerLine } from "../workers/menu.ts";
import type { FleetView } from "../workers/view.ts";
import type { CardRow } from "./alert-body.ts";
import { groupTitle, openWorkers, workerButton } from "./group-card.ts";

const PAGE = 8;

/**
 * Every worker of an alert card whose trouble is open, eight to a page, each with the button that
 * helps it.
 */
export function crewScreen(view: FleetView, card: CardRow | null, page: number): Card {
  const { words } = view;
  const back = [backButton(words, encodePress("alerts"))];
  const open = card ? openWorkers(card) : [];
  if (!card || open.length === 0) return { html: words.html("crew-over").text, keyboard: [back] };
  const at = (to: number): string => encodePress("crew", "", `${card.n.toString(36)}-${to}`);
  const { shown, current, pager } = paged(open, { page, size: PAGE, at });
  const known = new Map(view.workers.map((worker) => [worker.id, worker]));
  const told = shown.flatMap((id) => known.get(id) ?? []);
  return {
    html: lines(
      groupTitle(words, card, view.workers.length),
      "",
      ...told.map((worker) => workerLine(words, worker)),
    ).text,
    keyboard: [
      ...pairs(shown.map((worker) => workerButton(card, worker))),
      ...pager,
      [refreshButton(words, at(current)), ...back],
    ],
  };
}
