import { answered, askAgain, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, NO_DATA, screen } from "../kit/chat/screen.ts";
import { backButton, choiceLabel, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { question } from "../kit/question.ts";
import { textCommand } from "../kit/text-command.ts";
import { hoursFromText } from "../kit/words/hours.ts";
import { type Html, lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import { FLEET_TIMES } from "../kit/words/times.ts";
import { LANGUAGES } from "../kit/words/words.ts";
import { zoneFromText } from "../kit/words/zone.ts";
import type { FleetView } from "../workers/view.ts";
import { type AdminDeps, note } from "./deps.ts";
import type { PlaceStore } from "./place-store.ts";
import type { Settings } from "./setting-store.ts";

declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    settings: object;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    settings: true;
    lang: true;
    zone: true;
    quiet: true;
    together: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    zone: true;
    quiet: true;
  }
}

/** ⚙️ Settings. What a viewer may not change is shown, without its button. */
export const settings = screen(
  "settings",
  NO_DATA,
  (deps: Pick<AdminDeps, "settings"> & { readonly places: PlaceStore }, view: FleetView) =>
    settingsScreen(
      view,
      deps.settings.all(),
      deps.places.all().map((place) => place.title),
    ),
);

const SETTINGS = { kind: "settings" } as const;
/** ⚙️ Settings; each button of it checks a role of its own. */
export const settingsButton = button("settings", "viewer", (deps: ChatDeps, context) =>
  show(deps, context, SETTINGS),
);
/** /settings. */
export const settingsCommand = textCommand(
  "settings",
  settingsButton,
  ({ panels }: ChatDeps, { chat }) => panels.show(chat, SETTINGS, null),
);

const lang = button("lang", "viewer", async (deps: AdminDeps, context) => {
  const language = LANGUAGES.find((each) => each === context.press.arg);
  if (language) deps.admins.setLanguage(context.admin, language);
  await show(deps, context, SETTINGS);
});

const zone = button("zone", "viewer", async (deps: AdminDeps, context) => {
  if (context.press.arg !== "off")
    return await askFor(deps, context, { what: "zone", worker: null, off: "zone" });
  deps.admins.setZone(context.admin, null);
  await show(deps, context, SETTINGS);
});

const zoneQuestion = question("zone", zone, async (deps: AdminDeps, context) => {
  const found = zoneFromText(context.text.trim(), deps.clock.now());
  const asking = { what: "zone", worker: null, off: "zone" } as const;
  if (found === null) return await askAgain(deps, context, asking, say("ask-zone-bad"));
  deps.admins.setZone(context.admin, found);
  await answered(deps, context, SETTINGS);
});

const quiet = button("quiet", "owner", async (deps: AdminDeps, context) => {
  if (context.press.arg !== "off")
    return await askFor(deps, context, { what: "quiet", worker: null, off: "quiet" });
  deps.settings.setQuiet(null);
  note(deps, context, say("audit-quiet-off"));
  await show(deps, context, SETTINGS);
});

const quietQuestion = question("quiet", quiet, async (deps: AdminDeps, context) => {
  const text = context.text.trim();
  const hours = hoursFromText(text);
  const asking = { what: "quiet", worker: null, off: "quiet" } as const;
  if (hours === null) return await askAgain(deps, context, asking, say("ask-quiet-bad"));
  deps.settings.setQuiet(hours);
  note(deps, context, say("audit-quiet", { hours: text }));
  await answered(deps, context, SETTINGS);
});

const together = button("together", "owner", async (deps: AdminDeps, context) => {
  const isOn = context.press.arg === "1";
  deps.settings.setTogether(isOn);
  note(deps, context, say(isOn ? "audit-together" : "audit-one-by-one"));
  await show(deps, context, SETTINGS);
});

/** Buttons of ⚙️ Settings, and what they ask. */
export const settingButtons = [settingsButton, lang, zone, quiet, together];
/** What ⚙️ Settings ask: a time zone, and quiet hours. */
export const settingQuestions = [zoneQuestion, quietQuestion];

/** ⚙️ Settings: the reader's own, and the fleet's. */
export function settingsScreen(
  view: FleetView,
  { quiet: hours, together: isTogether }: Settings,
  places: readonly string[],
): Card {
  const { words, role } = view;
  const quietLine = hours
    ? words.html("settings-quiet", {
        from: clock(hours.fromMin),
        to: clock(hours.toMin),
        zone: FLEET_TIMES.name(view.now),
      })
    : words.html("settings-no-quiet");
  const languages = LANGUAGES.map((language) => ({
    text: choiceLabel(words.text(`language-${language}`), language === words.language),
    callback_data: encodePress("lang", "", language),
  }));
  const togetherButton = {
    text: words.text(isTogether ? "button-one-by-one" : "button-together"),
    callback_data: encodePress("together", "", isTogether ? "0" : "1"),
  };
  const sets = view.may("quiet");
  return {
    html: lines(
      words.html("settings-title"),
      words.html("settings-you", { role: words.text(`role-${role}`) }),
      zoneLine(view),
      quietLine,
      words.html(isTogether ? "settings-together" : "settings-one-by-one"),
      places.length === 0
        ? words.html("settings-no-place")
        : words.html("settings-places", { names: places.join(", ") }),
    ).text,
    keyboard: rows(
      languages,
      [verbButton(words, "zone"), verbButton(words, "limits")],
      [verbButton(words, "schedules")],
      sets && [verbButton(words, "quiet"), togetherButton],
      sets && [verbButton(words, "admins"), verbButton(words, "audit")],
      [refreshButton(words, encodePress("settings")), backButton(words, encodePress("menu"))],
    ),
  };
}

function zoneLine({ words, now }: FleetView): Html {
  const { times } = words;
  const name = times.name(now);
  if (times.zone === null) return words.html("settings-zone-fleet", { name });
  return words.html("settings-zone", { zone: times.zone, name });
}

/** Minutes since midnight as 07:30. */
function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}
