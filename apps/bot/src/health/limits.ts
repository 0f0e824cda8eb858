import { MAX_TARGETS_PER_WORKER, SEND_RATE } from "@flotilla/contracts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import type { FleetView } from "../workers/view.ts";

declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    limits: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    limits: true;
  }
}

/** 🚦 Limits: what is paced, how, and the setting that changes it. */
export const limits = screen(
  "limits",
  NO_DATA,
  (deps: { readonly limits: ConfiguredLimits }, view: FleetView) => limitsScreen(view, deps.limits),
);
/** 🚦 Limits; they are changed in `.env` alone. */
export const limitsButton = button("limits", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, { kind: "limits" }),
);

/** Limits of this machine's configuration. */
export interface ConfiguredLimits {
  readonly sendsPerMinute: number;
  readonly spacingMs: number;
  readonly crashDelayMs: number;
  readonly crashLimit: number;
  readonly windowMs: number;
  readonly memoryBytes: number;
  readonly alertHoldMs: number;
}

/**
 * 🚦 Limits: what accounts may send, how processes are treated, how alerts are spread, and where
 * each is changed.
 */
export function limitsScreen(view: FleetView, limits: ConfiguredLimits): Card {
  const { words } = view;
  const slower = view.workers.flatMap(({ id, status }) => {
    const sending = status?.link?.sending;
    return sending && sending.perMinute !== limits.sendsPerMinute
      ? [{ id, perMinute: sending.perMinute }]
      : [];
  });
  return {
    html: lines(
      words.html("limits-title"),
      "",
      words.html("limits-sends", { count: limits.sendsPerMinute }),
      words.html("limits-chat", {
        gap: SEND_RATE.perChatMs,
        count: Math.max(SEND_RATE.perChatMinute, limits.sendsPerMinute),
      }),
      words.html("limits-targets", { count: MAX_TARGETS_PER_WORKER }),
      words.html("limits-waits"),
      ...slower
        .slice(0, 8)
        .map(({ id, perMinute }) => words.html("limits-slower", { worker: id, count: perMinute })),
      "",
      words.html("limits-starts", { ms: limits.spacingMs }),
      words.html("limits-restarts", {
        delay: limits.crashDelayMs,
        count: limits.crashLimit,
        window: limits.windowMs,
      }),
      words.html("limits-memory", { mb: Math.round(limits.memoryBytes / 1024 / 1024) }),
      words.html("limits-alerts", { ms: limits.alertHoldMs }),
      "",
      words.html("limits-where"),
    ).text,
    keyboard: [
      [refreshButton(words, encodePress("limits")), backButton(words, encodePress("settings"))],
    ],
  };
}
