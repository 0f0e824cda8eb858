import { alertCard, digestCard, endedCard } from "../../src/alerts/alert-card.ts";
import { say } from "../../src/kit/words/said.ts";
import type { Words } from "../../src/kit/words/words.ts";
import { loginScreen } from "../../src/login/login-screen.ts";
import { controlDb, NOW } from "../support.ts";
import { plainText } from "../telegram-html.ts";
import { cardOf, goldenAlerts } from "./alerts.ts";
import { answers } from "./answers.ts";
import { shownAs } from "./chat-text.ts";
import { LOGIN_STEPS } from "./logins.ts";
import { SCREENS } from "./screens.ts";
import { goldenScreens, NEWS } from "./world.ts";

/** Every screen as text. */
export async function shownScreens(words: Words): Promise<string[]> {
  const { render } = goldenScreens(await controlDb(), words);
  const shown: string[] = [];
  for (const [title, screen] of Object.values(SCREENS).flat())
    shown.push(shownAs(title, await render("777", screen)));
  for (const [title, chat] of [
    ["menu of a viewer", "779"],
    ["menu of a group", "-100123"],
  ] as const)
    shown.push(shownAs(title, await render(chat, { kind: "menu" })));
  return shown;
}

/** Every step of a login as text. */
export function shownLogins(words: Words): string[] {
  const steps = Object.values(LOGIN_STEPS).flat();
  return steps.map((step) =>
    shownAs(step.kind, loginScreen({ words, worker: NEWS, step, digits: 2, now: NOW })),
  );
}

/** Every answer to a bad route and a refused login. */
export function shownAnswers(words: Words): string[] {
  return answers().map(([title, said]) => `━━━ ${title}\n${plainText(words.said(said).text)}`);
}

/** Every alert as its card shows it, and what becomes of a card. */
export async function shownAlerts(words: Words): Promise<string[]> {
  const alerts = await goldenAlerts(await controlDb());
  const cards = alerts.map((alert) =>
    shownAs(alert.body.kind, alertCard(words, cardOf([alert]), 26)),
  );
  return [...cards, ...livesOf(words, alerts)];
}

function livesOf(words: Words, alerts: Awaited<ReturnType<typeof goldenAlerts>>): string[] {
  const [first, second, third] = alerts.filter(({ body }) => body.kind === "crash");
  const drill = alerts.find(({ body }) => body.kind === "drill");
  if (!first || !second || !third || !drill) throw new Error("no crash, no drill");
  const over = {
    ...first,
    resolvedAt: NOW + 360_000,
    resolvedBy: say("solved-command", { verb: "restart", by: "@ann" }),
  };
  const pressed = {
    ...first,
    body: {
      ...first.body,
      times: 3,
      title: { ...first.body.title, args: { ...first.body.title.args, times: 3 } },
      action: say("alert-action", { verb: "restart", by: "@ann", at: NOW }),
    },
  };
  const ended = cardOf([over], { resolvedAt: NOW + 360_000, takenBy: "@ann" });
  const drilled = cardOf([{ ...drill, resolvedAt: NOW }], { resolvedAt: NOW });
  return [
    shownAs(
      "card, pressed, taken and muted",
      alertCard(words, cardOf([pressed], { takenBy: "@ann", mutedUntil: NOW + 4 * 3_600_000 }), 26),
    ),
    shownAs("card of several", alertCard(words, cardOf([over, second, third]), 26)),
    shownAs("card of many", alertCard(words, cardOf(alerts.slice(0, 12)), 26)),
    shownAs("card that is over", alertCard(words, ended, 26)),
    shownAs("its silent reply", endedCard(words, ended)),
    shownAs("reply of several", endedCard(words, cardOf([over, second], { resolvedAt: NOW }))),
    shownAs("reply of a drill", endedCard(words, drilled)),
    shownAs(
      "digest",
      digestCard(words, [
        cardOf([first]),
        cardOf([second, third]),
        cardOf([over], { resolvedAt: NOW }),
      ]),
    ),
  ];
}
