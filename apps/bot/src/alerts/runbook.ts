import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import type { Words } from "../kit/words/words.ts";
import type { FleetView } from "../workers/view.ts";
import { ALERT_KINDS, type AlertKind } from "./kinds.ts";

const data = z.object({ about: z.enum(ALERT_KINDS) });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    runbook: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    runbook: true;
  }
}

/** 📖 What to do about one kind of alert. */
export const runbook = screen("runbook", data, (_deps, { words }: FleetView, { about }) =>
  runbookScreen(words, about),
);
/** 📖 on a card; the argument is the kind. A kind of another version leads to the open alerts. */
export const runbookPress = button("runbook", "viewer", (deps: ChatDeps, context) => {
  const about = ALERT_KINDS.find((kind) => kind === context.press.arg);
  return show(
    deps,
    context,
    about ? { kind: "runbook", about } : { kind: "alerts", tab: "open", page: 0 },
  );
});

/**
 * 📖 What alerts of this kind mean, what to do, and when they are over: the short form of
 * `docs/runbooks/alerts.md`, which a chat cannot open.
 */
export function runbookScreen(words: Words, about: AlertKind): Card {
  return {
    html: words.html(`runbook-${about}`).text,
    keyboard: [[verbButton(words, "health"), backButton(words, encodePress("alerts"))]],
  };
}

/** The way there, on a card. */
export function runbookButton(words: Words, about: AlertKind): InlineKeyboardButton {
  return verbButton(words, "runbook", "", about);
}
