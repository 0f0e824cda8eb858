import type { KeptBy, ProgramVersion } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { encodePress } from "../kit/callback.ts";
import type { Card } from "../kit/chat/screen.ts";
import { CONFIRM_MS, stampOf } from "../kit/confirm.ts";
import { backButton, cancelButton, refreshButton, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { why } from "../workers/command-line.ts";
import { TRIAL_STABLE_MS } from "./advance.ts";
import type { Plan } from "./plan.ts";
import type { LeftOut, Roll, Step } from "./roll.ts";

/** A supervisor ends, starts, and its workers begin one after the other. Milliseconds. */
const SUPERVISOR_AWAY_MS = 15_000;
/** So many reasons, and names in each, have a line. */
const REASONS = 8;
const NAMED = 30;

/** What starts a supervisor by hand that did not come back. */
const COMMANDS: Readonly<Record<KeptBy, (host: HostId) => string>> = {
  launcher: () => "npm start",
  systemd: () => "systemctl restart flotilla",
  pm2: () => "pm2 restart flotilla",
  supervisord: () => "supervisorctl restart flotilla",
  compose: () => "docker compose up -d supervisor",
  kubernetes: (host) => `kubectl rollout restart statefulset flotilla-${host}`,
};

/** The question before a rolling restart: each step, what is left out and why, and how long. */
export function askCard(words: Words, plan: Plan, at: number, spacingMs: number): Card {
  const yes = { text: words.text("button-rollyes"), style: "danger" as const };
  const hasSteps = plan.steps.length > 0;
  return {
    html: lines(
      words.html("roll-title"),
      words.html(hasSteps ? "roll-ask" : "roll-nothing"),
      "",
      ...plan.steps.map((step) => html`• ${planLine(words, step, spacingMs)}`),
      ...plan.leftOut.map((each) => leftOutLine(words, each)),
      hasSteps && "",
      hasSteps && words.html("roll-promise"),
      hasSteps && words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: rows(
      hasSteps && [{ ...yes, callback_data: encodePress("rollyes", "", stampOf(at)) }],
      [cancelButton(words, encodePress("health"))],
    ),
  };
}

/** A rolling restart of more than 30 days ago. */
export function goneCard(words: Words): Card {
  return {
    html: words.html("bulk-gone").text,
    keyboard: [[backButton(words, encodePress("health"))]],
  };
}

/** How far a rolling restart has come; `done` = workers of the step in hand that are done. */
export function rollCard(words: Words, roll: Roll, done: number): Card {
  const isOver = roll.end !== null;
  return {
    html: lines(
      words.html("roll-title"),
      ...roll.steps.map((step) => stepLine(words, step, done)),
      ...roll.leftOut.map((each) => leftOutLine(words, each)),
      ...failedLines(words, roll),
      "",
      ...endLines(words, roll),
      words.html("asked-by", { by: roll.asker.name, at: roll.askedAt }),
    ).text,
    keyboard: rows(
      !isOver && !roll.stopping && [{ ...verbButton(words, "rollstop"), style: "danger" }],
      [
        refreshButton(words, encodePress("roll", "", roll.id)),
        backButton(words, encodePress("health")),
      ],
    ),
  };
}

function planLine(words: Words, step: Step, spacingMs: number): Html {
  if (step.kind === "trial") return words.html("roll-plan-trial", { ...args(step) });
  if (step.kind !== "supervisor") return words.html(`roll-plan-${step.kind}`, args(step));
  const ms = SUPERVISOR_AWAY_MS + spacingMs * step.workers.length;
  return words.html("roll-plan-supervisor", { ...args(step), ms });
}

const MARKS: Readonly<Record<Step["state"], string>> = {
  waiting: "▫️",
  begun: "⏳",
  done: "✅",
  failed: "❌",
};

function stepLine(words: Words, step: Step, done: number): Html {
  const line = words.html(`roll-step-${step.kind}`, args(step));
  const isCounted = step.kind === "workers" && step.state === "begun";
  return html`${MARKS[step.state]} ${line}${isCounted && ` ${done}/${step.workers.length}`}`;
}

function args(step: Step): Record<string, string | number> {
  switch (step.kind) {
    case "trial":
      return { host: step.host, worker: step.worker, ms: TRIAL_STABLE_MS };
    case "workers":
      return { host: step.host, count: step.workers.length };
    case "supervisor":
      return {
        host: step.host,
        count: step.workers.length,
        from: shownVersion(step.from),
        to: shownVersion(step.to),
      };
    case "bot":
      return {};
    default:
      return step satisfies never;
  }
}

function shownVersion({ version, commit }: ProgramVersion): string {
  return commit === null ? version : `${version} ${commit.slice(0, 8)}`;
}

function leftOutLine(words: Words, { host, why }: LeftOut): Html {
  const line = words.html(host === null ? `roll-left-bot-${why}` : `roll-left-${why}`, {
    host: host ?? "",
  });
  return html`⚠️ ${line}`;
}

/** One line per reason, with all names. */
function failedLines(words: Words, { failed }: Roll): Html[] {
  const reasonOf = ({ code, message }: Roll["failed"][number]): string =>
    why(words, { code, result: message });
  const reasons = [...new Set(failed.map(reasonOf))];
  return reasons.slice(0, REASONS).map((reason) => {
    const names = failed.filter((each) => reasonOf(each) === reason).map(({ worker }) => worker);
    const more = names.length - NAMED;
    const rest = more > 0 ? ` ${words.text("alert-more", { count: more })}` : "";
    const line = words.html("roll-failed-workers", { reason });
    return html`❌ ${line} <b>${names.slice(0, NAMED).join(", ")}</b>${rest}`;
  });
}

function endLines(words: Words, roll: Roll): (Html | false)[] {
  const { end } = roll;
  if (!end) return [words.html(roll.stopping ? "roll-stopping" : "roll-running")];
  const ms = Math.max(1000, end.at - roll.askedAt);
  const loss = !end.isLossFree && words.html("roll-lost");
  if (end.how === "stopped") return [words.html("roll-stopped", { ms }), loss];
  if (end.how === "failed") return [problemLine(words, roll), loss];
  const isClean = roll.failed.length === 0 && roll.leftOut.length === 0;
  const line = words.html("roll-done", { what: whatRuns(words, roll), ms });
  return [
    html`${isClean ? "✅" : "⚠️"} ${line}`,
    end.isLossFree ? words.html("roll-nothing-lost") : loss,
  ];
}

/** All that runs again, such as "12 workers, 2 supervisors, the bot". */
function whatRuns(words: Words, { steps, failed }: Roll): string {
  const gone = new Set(failed.map(({ worker }) => worker));
  const restarted = new Set(steps.flatMap(workersOf).filter((worker) => !gone.has(worker)));
  const supervisors = steps.filter(({ kind }) => kind === "supervisor").length;
  const hasBot = steps.some(({ kind }) => kind === "bot");
  return [
    restarted.size > 0 && words.text("roll-count-workers", { count: restarted.size }),
    supervisors > 0 && words.text("roll-count-supervisors", { count: supervisors }),
    hasBot && words.text("roll-count-bot"),
  ]
    .filter((each) => each !== false)
    .join(", ");
}

function workersOf(step: Step) {
  if (step.kind === "trial") return [step.worker];
  if (step.kind === "workers") return step.workers;
  return step.kind === "supervisor" ? step.workers.map(({ worker }) => worker) : [];
}

function problemLine(words: Words, { steps, end }: Roll): Html {
  const step = steps.find(({ state }) => state === "failed");
  const command = step?.kind === "supervisor" ? COMMANDS[step.keptBy](step.host) : "";
  const about = { host: "", worker: "", ...(step ? args(step) : {}), command };
  return html`❌ ${words.html(`roll-end-${end?.why ?? "no-answer"}`, about)}`;
}
