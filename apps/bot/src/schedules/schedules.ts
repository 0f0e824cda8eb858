import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton, rows } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { html, lines } from "../kit/words/html.ts";
import type { FleetView } from "../workers/view.ts";
import type { ShownDeps } from "./deps.ts";
import { nextLine, runLine, timeOf } from "./lines.ts";

declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    schedules: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    schedules: true;
  }
}

const SHOWN = { kind: "schedules" } as const;

/** 🗓 Schedules: what the fleet does by itself, when, and how it went last. */
export const schedules = screen("schedules", NO_DATA, (deps: ShownDeps, view: FleetView) =>
  schedulesScreen(deps, view),
);
/** 🗓 Schedules. */
export const schedulesButton = button("schedules", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, SHOWN),
);
/** /schedules. */
export const schedulesCommand = textCommand(
  "schedules",
  schedulesButton,
  ({ panels }: ChatDeps, { chat }) => panels.show(chat, SHOWN, null),
);

function schedulesScreen(deps: ShownDeps, view: FleetView): Card {
  const { words } = view;
  const all = deps.schedules.all();
  const body = all.flatMap((row) => {
    const [last] = deps.schedules.history(row.id, 1);
    const next = nextLine(words, deps.scheduleDesk.next(row));
    const title = words.html(`schedule-${row.id}`);
    return [
      "",
      html`<b>${title}</b> · ${timeOf(words, deps.scheduleDesk.timing(row), row.time)}`,
      html`${next}`,
      last ? html`${runLine(words, last)}` : words.html("schedule-never"),
    ];
  });
  const choices = all.map((row) => ({
    text: `${row.isOn ? "" : "💤 "}${words.text(`schedule-${row.id}`)}`,
    callback_data: encodePress("schedule", row.id),
  }));
  return {
    html: lines(words.html("schedules-title"), ...body).text,
    // One in a row: a phone cuts off the names of two.
    keyboard: rows(...choices.map((choice) => [choice]), [
      refreshButton(words, encodePress("schedules")),
      backButton(words, encodePress("settings")),
    ]),
  };
}
