import type { WorkerId } from "@flotilla/kernel";
import { hostLines } from "../hosts/host-cards.ts";
import type { HostView } from "../hosts/host-views.ts";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { backButton, cancelButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { why } from "../workers/command-line.ts";
import { isCancellable, type Move, type MoveStep, ownerOf } from "./move.ts";
import { hostTag, type TargetProblem } from "./targets.ts";

/** A host that a worker may move to, or why not. */
export interface Target {
  readonly view: HostView;
  readonly problem: TargetProblem | null;
}

/** 🚚 Move asks where to: the first one has the most to spare. */
export function moveAskCard(words: Words, worker: WorkerId, targets: readonly Target[]): Card {
  const open = targets.filter(({ problem }) => problem === null);
  const closed = targets.filter(({ problem }) => problem !== null);
  return {
    html: lines(
      words.html("move-title", { worker }),
      words.html(open.length > 0 ? "move-ask" : "move-nowhere"),
      ...open.flatMap(({ view }) => hostLines(words, view)),
      ...closed.map(
        ({ view, problem }) =>
          html`⚠️ <b>${view.host}</b>: ${words.html(`move-not-${problem ?? "silent"}`)}`,
      ),
    ).text,
    keyboard: rows(
      ...open.map(({ view: { host } }) => [
        { text: `🚚 ${host}`, callback_data: encodePress("moveto", worker, hostTag(host)) },
      ]),
      [cancelButton(words, encodePress("more", worker))],
    ),
  };
}

const THERE: readonly MoveStep[] = ["pack", "unpack", "start", "clear"];
const BACK: readonly MoveStep[] = ["drop", "restart"];

/** How far a move has come, and which host has the worker. */
export function moveCard(words: Words, move: Move): Card {
  const { worker, asker, askedAt } = move;
  return {
    html: lines(
      words.html("move-title", { worker }),
      html`<b>${move.from}</b> → <b>${move.to}</b>`,
      "",
      ...stepLines(words, move),
      "",
      words.html(move.end ? "move-has" : "move-has-now", { host: ownerOf(move) }),
      ...endLines(words, move),
      words.html("asked-by", { by: asker.name, at: askedAt }),
    ).text,
    keyboard: rows(
      isCancellable(move) && [
        { ...verbButton(words, "movestop", worker), style: "danger" as const },
      ],
      [
        refreshButton(words, encodePress("move", worker)),
        backButton(words, encodePress("worker", worker)),
      ],
    ),
  };
}

function stepLines(words: Words, move: Move): Html[] {
  const isBack = BACK.includes(move.step);
  const line = (step: MoveStep, mark: string): Html =>
    html`${mark} ${words.html(`move-step-${step}`, { from: move.from, to: move.to })}`;
  const shown = isBack ? BACK : THERE.filter((step) => move.wasRunning || step !== "start");
  const at = shown.indexOf(move.step);
  return shown.map((step, n) => {
    if (move.end || n < at) return line(step, "✅");
    return line(step, n === at ? "⏳" : "▫️");
  });
}

function endLines(words: Words, { end, why: reason, cancelling, askedAt }: Move): (Html | false)[] {
  const because =
    reason !== null &&
    words.html("move-why", {
      why: why(words, { code: reason.code, result: reason.message }),
    });
  if (!end) return [because, cancelling && words.html("move-cancelling")];
  const ms = Math.max(1000, end.at - askedAt);
  return [because, words.html(`move-end-${end.how}`, { ms })];
}

/** A worker that does not move. */
export function noMoveCard(words: Words, worker: WorkerId): Card {
  return {
    html: words.html("move-none", { worker }).text,
    keyboard: [[backButton(words, encodePress("more", worker))]],
  };
}
