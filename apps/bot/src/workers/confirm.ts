import { WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import type { Verb } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, type Screen, screen } from "../kit/chat/screen.ts";
import { CONFIRM_MS, stampOf } from "../kit/confirm.ts";
import { cancelButton } from "../kit/keyboard.ts";
import type { PressContext } from "../kit/press-context.ts";
import { lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "./view.ts";

/** Acts that ask once more before they are done. */
export const CONFIRMED = [
  "stop",
  "restart",
  "start",
  "maintenance",
  "logout",
  "rmsession",
  "login",
] as const;
/** An act that its screen keeps until it is confirmed. */
export type Confirmed = (typeof CONFIRMED)[number];

/** `worker` null: all, those with the tag, or those of the card. Valid for 30 s after `at`. */
const data = z.object({
  what: z.enum(CONFIRMED),
  worker: WorkerIdField.nullable(),
  tag: z.string(),
  /** Those of this alert card whose trouble is open. */
  card: z.number().exactOptional(),
  at: z.number(),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    confirm: z.infer<typeof data>;
  }
}

/** An act on one worker that another feature asks to confirm. */
export interface Confirmation<Deps> {
  readonly what: Confirmed;
  /** The button whose role the act needs: that of the confirmation itself may be less. */
  readonly verb: Verb;
  readonly run: (deps: Deps, context: PressContext, worker: WorkerId) => Promise<void>;
}

/** Asks once more before something is done to one worker. */
export function sure(what: Confirmed, worker: WorkerId, at: number): Screen {
  return { kind: "confirm", what, worker, tag: "", at };
}

interface ConfirmDeps {
  /** Workers of an alert card whose trouble is open; null = there is no such card. */
  readonly alertActions: { crew(card: number): readonly WorkerId[] | null };
}

/** Asks once more, with the number of workers as it is now. */
export const confirm = screen("confirm", data, (deps: ConfirmDeps, view: FleetView, shown) =>
  confirmScreen(view.words, { ...shown, count: countOf(deps, view, shown) }),
);

function countOf(
  { alertActions }: ConfirmDeps,
  { workers }: FleetView,
  { card, tag }: z.infer<typeof data>,
): number {
  if (card !== undefined) return alertActions.crew(card)?.length ?? 0;
  return workers.filter((worker) => tag === "" || worker.tags.includes(tag)).length;
}

/** An act that asks once more, and how many workers it is about. */
export interface Confirming extends z.infer<typeof data> {
  readonly count: number;
}

function whom(words: Words, { tag, card, count }: Confirming): string {
  if (card !== undefined) return words.text("confirm-these", { count, n: String(card) });
  if (tag === "") return words.text("confirm-all", { count });
  return words.text("confirm-tag", { count, tag });
}

/** The second screen before something that hurts. */
export function confirmScreen(words: Words, confirming: Confirming): Card {
  const { what, worker, at, count } = confirming;
  const name = worker ?? whom(words, confirming);
  const calm = {
    text: words.text(`button-yes-${what}`),
    callback_data: encodePress("yes", worker ?? "", stampOf(at)),
  };
  const back = worker === null ? encodePress("menu") : encodePress("more", worker);
  return {
    html: lines(
      words.html(`confirm-${what}`, { name, count }),
      "",
      words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: [
      [what === "start" ? calm : { ...calm, style: "danger" as const }],
      [cancelButton(words, back)],
    ],
  };
}
