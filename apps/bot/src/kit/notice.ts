import { WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { encodePress } from "./callback.ts";
import { type Card, screen } from "./chat/screen.ts";
import { rows, verbButton } from "./keyboard.ts";
import { Said } from "./words/said.ts";
import type { Words } from "./words/words.ts";

const data = z.object({ text: Said, worker: WorkerIdField.nullable() });
declare module "./chat/screen.ts" {
  interface ScreenData {
    notice: z.infer<typeof data>;
  }
}

/** A sentence and the way on. */
export const notice = screen(
  "notice",
  data,
  (_deps, { words }: { readonly words: Words }, { text, worker }) =>
    noticeScreen(words, text, worker),
);

/** A sentence and the way on. */
export function noticeScreen(words: Words, text: Said, worker: WorkerId | null): Card {
  return {
    html: words.said(text).text,
    keyboard: rows(
      worker && [
        { text: words.text("button-worker-details"), callback_data: encodePress("worker", worker) },
      ],
      [verbButton(words, "menu")],
    ),
  };
}
