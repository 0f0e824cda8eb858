import { WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, pairs, refreshButton, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker } from "./of-worker.ts";
import { type FleetView, nameOf } from "./view.ts";

const data = z.object({ worker: WorkerIdField });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    more: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    more: true;
  }
}

/** ⋯ More of one worker. */
export const more = screen("more", data, (_deps, view: FleetView, { worker }) =>
  moreScreen(view, worker),
);
/** ⋯ More; what hurts asks once more. */
export const moreButton = button(
  "more",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    show(deps, context, { kind: "more", worker: id }),
  ),
);

/** ⋯ More: what is seldom wanted, and what hurts. */
export function moreScreen(view: FleetView, id: string): Card {
  const { words, may } = view;
  const worker = view.workers.find((each) => each.id === id);
  const back = backButton(words, encodePress("worker", id));
  if (!worker)
    return {
      html: words.html("details-gone", { worker: id }).text,
      keyboard: [[backButton(words, encodePress("workers"))]],
    };
  const tags =
    worker.tags.length === 0
      ? words.text("more-no-tags")
      : worker.tags.map((tag) => `#${tag}`).join(" ");
  const buttons = (["rename", "note", "tags", "rules", "proxy", "move", "floating"] as const)
    .filter((verb) => may(verb))
    .map((verb) => verbButton(words, verb, id));
  const maintenance = worker.silences.some(({ kind }) => kind === "maintenance");
  const keep = [
    {
      text: words.text(maintenance ? "button-maintain-off" : "button-maintain"),
      callback_data: encodePress("maintain", id, maintenance ? "0" : "60"),
    },
    verbButton(words, "audit", id),
    verbButton(words, "devices", id),
  ];
  const hurt = (["logout", "rmsession", "delete"] as const)
    .filter((verb) => may(verb))
    .map((verb) => ({ ...verbButton(words, verb, id), style: "danger" as const }));
  return {
    html: lines(
      words.html("more-title", { name: nameOf(worker) }),
      words.html("more-tags", { tags }),
      "",
      words.html("more-help"),
    ).text,
    keyboard: [
      ...pairs([...buttons, ...keep, ...hurt]),
      [refreshButton(words, encodePress("more", id)), back],
    ],
  };
}
