import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, paged, pairs, refreshButton } from "../kit/keyboard.ts";
import { type ChatDeps, pageOf, show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { workerLine } from "../workers/list.ts";
import type { FleetView } from "../workers/view.ts";
import type { AlertActions } from "./alert-actions.ts";
import type { CardRow } from "./alert-body.ts";
import type { CardStore } from "./card-store.ts";
import { groupTitle, openWorkers, workerButton } from "./group-card.ts";

const data = z.object({ card: z.number(), page: z.number().int().nonnegative() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    crew: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    crew: true;
    these: true;
  }
}

/** 👷 All workers of an alert card, those whose trouble is over included. */
export const crew = screen(
  "crew",
  data,
  ({ cards }: { readonly cards: CardStore }, view: FleetView, shown) =>
    crewScreen(view, cards.find(shown.card), shown.page),
);

/** All workers of an alert card; the argument is the card, and after a dash the page. */
export const crewButton = button("crew", "viewer", (deps: ChatDeps, context) => {
  const [card = "", page = ""] = context.press.arg.split("-");
  const shown = { card: Number.parseInt(card, 36) || 0, page: pageOf(page) };
  return show(deps, context, { kind: "crew", ...shown });
});

interface TheseDeps extends WorkerDeps {
  readonly alertActions: AlertActions;
}

/** 🔄 All of a card, asked for once more with their number. */
export const theseButton = button("these", "operator", async (deps: TheseDeps, context) => {
  const card = Number.parseInt(context.press.arg, 36) || 0;
  const found = deps.alertActions.crew(card);
  if (!found || found.length === 0) return await context.toast(say("toast-alert-over"));
  const about = { worker: null, tag: "", card, at: deps.clock.now() };
  await show(deps, context, { kind: "confirm", what: "restart", ...about });
});

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
