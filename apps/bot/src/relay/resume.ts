import { WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { isTooLate, stampOf } from "../kit/confirm.ts";
import { cancelButton, verbButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { workerScreen } from "../workers/details.ts";
import { ofWorker, outOfDate, run } from "../workers/of-worker.ts";
import type { FleetView, WorkerView } from "../workers/view.ts";

const data = z.object({ worker: WorkerIdField, token: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    resume: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    resume: true;
    resumeyes: true;
  }
}

/** Asks once more before sending continues: Telegram had limited the account. */
export const resume = screen("resume", data, (_deps, view: FleetView, shown) => {
  const worker = view.workers.find((each) => each.id === shown.worker);
  if (!worker) return workerScreen(view, shown.worker);
  return resumeScreen(view.words, worker, shown.token);
});

/** ▶️ Resume sending; asks once more. */
export const resumeButton = button(
  "resume",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const token = stampOf(deps.clock.now());
    await show(deps, context, { kind: "resume", worker: id, token });
  }),
);

/** Sends again. Refused when the question is too old. */
export const resumeYes = button(
  "resumeyes",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    if (isTooLate(context.press.arg, deps.clock.now())) return await outOfDate(deps, context, id);
    await run(deps, context, id, () => deps.commands.resumeSending(id, context));
  }),
);

/** Asks once more, and says what it means to send on. */
export function resumeScreen(words: Words, worker: WorkerView, token: string): Card {
  const reason = worker.status?.link?.sending?.stopped ?? null;
  const cancel = cancelButton(words, encodePress("worker", worker.id));
  if (reason === null)
    return { html: words.html("resume-nothing", { worker: worker.id }).text, keyboard: [[cancel]] };
  const meaning = words.html(reason.startsWith("FROZEN") ? "resume-frozen" : "resume-meaning", {
    reason,
  });
  const yes = { ...verbButton(words, "resumeyes", worker.id, token), style: "danger" as const };
  const text = lines(
    words.html("resume-ask", { worker: worker.id }),
    "",
    meaning,
    words.html("resume-effect"),
  );
  return { html: text.text, keyboard: [[yes], [cancel]] };
}
