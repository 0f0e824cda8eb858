import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { Card } from "./screen.ts";
import type { Said } from "./words/said.ts";
import type { Words } from "./words/words.ts";

/** A sentence and the way on. */
export function noticeScreen(words: Words, text: Said, worker: WorkerId | null): Card {
  const details = worker
    ? [
        [
          {
            text: words.text("button-worker-details"),
            callback_data: encodePress("worker", worker),
          },
        ],
      ]
    : [];
  return {
    html: words.said(text).text,
    keyboard: [
      ...details,
      [{ text: words.text("button-menu"), callback_data: encodePress("menu") }],
    ],
  };
}
