import { type OwnRules, type RulesStatus, WorkerIdField } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { commandLine } from "./command-line.ts";
import { toastOf } from "./commands.ts";
import type { WorkerDeps } from "./deps.ts";
import { workerScreen } from "./details.ts";
import { ofWorker } from "./of-worker.ts";
import { type FleetView, nameOf } from "./view.ts";

/** The values that the buttons offer, by the letter that stands for the rule in a button. */
const CHOICES = {
  d: { rule: "crashDelayS", values: [5, 30, 120] },
  l: { rule: "crashLimit", values: [3, 5, 10] },
  w: { rule: "windowS", values: [300, 600, 3600] },
} as const;
/** The waits while a session is in use, by the first of them. */
const LOCK_CHOICES = [
  [15, 30],
  [60, 120],
  [120, 300],
] as const;

const data = z.object({ worker: WorkerIdField });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    rules: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    rules: true;
    ruleset: true;
  }
}

/** ♻️ Restart rules; of a worker that is gone it is Worker Details, which says so. */
export const rules = screen("rules", data, (_deps, view: FleetView, { worker }) =>
  view.workers.some(({ id }) => id === worker)
    ? rulesScreen(view, worker)
    : workerScreen(view, worker),
);

/** ♻️ Restart rules. An operator sees them, an owner changes them. */
export const rulesButton = button(
  "rules",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    show(deps, context, { kind: "rules", worker: id }),
  ),
);

/** Changes one rule. The screen shows the new rules as soon as the host has them. */
export const rulesetButton = button(
  "ruleset",
  "owner",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const now = deps.views.lastStatus(id)?.rules;
    const chosen = now && chosenRules(now, context.press.arg);
    const said = chosen
      ? toastOf(await deps.commands.setRules(id, chosen, context))
      : say("toast-stale");
    await show(deps, context, { kind: "rules", worker: id }, said);
  }),
);

/** ♻️ Restart rules of one worker: what holds, which of it is its own, and buttons to change it. */
export function rulesScreen(view: FleetView, id: string): Card {
  const { words } = view;
  const worker = view.workers.find((each) => each.id === id);
  const end = [
    refreshButton(words, encodePress("rules", id)),
    backButton(words, encodePress("more", id)),
  ];
  const rules = worker?.status?.rules;
  if (!worker || !rules)
    return { html: words.html("rules-unknown", { worker: id }).text, keyboard: [end] };
  const own = Object.keys(rules.own).length > 0;
  const text = lines(
    words.html("rules-title", { name: nameOf(worker) }),
    "",
    words.html("rules-delay", { ms: rules.crashDelayS * 1000 }),
    words.html("rules-limit", { count: rules.crashLimit, window: rules.windowS * 1000 }),
    words.html("rules-locked", {
      delays: rules.lockDelaysS.map((s) => words.duration(s * 1000)).join(", "),
    }),
    words.html("rules-never"),
    "",
    words.html(own ? "rules-own" : "rules-fleet"),
    commandLine(words, worker, view.now),
  );
  const choices = (["d", "l", "w"] as const).map((letter) => choiceRow(words, id, letter, rules));
  return {
    html: text.text,
    keyboard: rows(
      ...choices,
      lockRow(words, id, rules),
      [own && verbButton(words, "ruleset", id, "fleet")],
      end,
    ),
  };
}

/** The rules after a press, or null when the button is none of ours. */
export function chosenRules(now: RulesStatus, arg: string): OwnRules | null {
  if (arg === "fleet") return {};
  const [letter, value] = [arg.slice(0, 1), Number(arg.slice(1))];
  const lock = letter === "k" ? LOCK_CHOICES.find(([first]) => first === value) : undefined;
  if (lock) return { ...now.own, lockDelaysS: [...lock] };
  const choice = letter === "d" || letter === "l" || letter === "w" ? CHOICES[letter] : null;
  if (!choice?.values.some((each) => each === value)) return null;
  return { ...now.own, [choice.rule]: value };
}

function lockRow(words: Words, id: string, { lockDelaysS }: RulesStatus): InlineKeyboardButton[] {
  return LOCK_CHOICES.map((delays) => {
    const text = words.text("rules-button-k", { ms: delays[0] * 1000 });
    const holds = delays.join() === lockDelaysS.join();
    return {
      text: holds ? `• ${text} •` : text,
      callback_data: encodePress("ruleset", id, `k${delays[0]}`),
    };
  });
}

function choiceRow(
  words: Words,
  id: string,
  letter: keyof typeof CHOICES,
  rules: RulesStatus,
): InlineKeyboardButton[] {
  const { rule, values } = CHOICES[letter];
  return values.map((value) => {
    const said = rule === "crashLimit" ? { count: value } : { ms: value * 1000 };
    const text = words.text(`rules-button-${letter}`, said);
    return {
      text: rules[rule] === value ? `• ${text} •` : text,
      callback_data: encodePress("ruleset", id, `${letter}${value}`),
    };
  });
}
