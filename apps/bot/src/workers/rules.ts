import { encodePress, type OwnRules, type RulesStatus } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { backButton, refreshButton, verbButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { commandLine } from "./command-line.ts";
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
  const rows = (["d", "l", "w"] as const).map((letter) => choiceRow(words, id, letter, rules));
  return {
    html: text.text,
    keyboard: [
      ...rows,
      lockRow(words, id, rules),
      ...(own ? [[verbButton(words, "ruleset", id, "fleet")]] : []),
      end,
    ],
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
