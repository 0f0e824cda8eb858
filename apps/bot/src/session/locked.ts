import { WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { isTooLate, stampOf } from "../kit/confirm.ts";
import { cancelButton } from "../kit/keyboard.ts";
import { show } from "../kit/press.ts";
import { lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { workerScreen } from "../workers/details.ts";
import { holderArgs } from "../workers/holder.ts";
import { ofWorker, outOfDate, run } from "../workers/of-worker.ts";
import type { FleetView, WorkerView } from "../workers/view.ts";

const data = z.object({ worker: WorkerIdField, pid: z.number(), token: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    "stop-holder": z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    hstop: true;
    hstopyes: true;
  }
}

/** Asks once more before a process is ended, with its pid and what it is. */
export const stopHolder = screen("stop-holder", data, (_deps, view: FleetView, shown) => {
  const worker = view.workers.find((each) => each.id === shown.worker);
  if (!worker) return workerScreen(view, shown.worker);
  return stopHolderScreen(view.words, worker, shown.pid, shown.token);
});

/** ⏹ Stop holder: asks once more. The argument is the pid in base 36. */
export const stopHolderButton = button(
  "hstop",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const pid = pidOf(context.press.arg);
    const token = stampOf(deps.clock.now());
    await show(deps, context, { kind: "stop-holder", worker: id, pid, token });
  }),
);

/**
 * Ends the process. Refused when the question is too old; the host checks that it is still the
 * same.
 */
export const stopHolderYes = button(
  "hstopyes",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const [pid = "", given = ""] = context.press.arg.split("-");
    if (pidOf(pid) === 0 || isTooLate(given, deps.clock.now()))
      return await outOfDate(deps, context, id);
    await run(deps, context, id, () => deps.commands.stopHolder(id, pidOf(pid), context));
  }),
);

function pidOf(text: string): number {
  const pid = Number.parseInt(text, 36);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
}

/**
 * Asks once more, with the name of the process. It is looked at again at the moment of the signal.
 */
export function stopHolderScreen(
  words: Words,
  worker: WorkerView,
  pid: number,
  token: string,
): Card {
  const holder = worker.status?.holder;
  const cancel = cancelButton(words, encodePress("worker", worker.id));
  if (!holder?.ours || holder.pid !== pid)
    return { html: words.html("holder-gone").text, keyboard: [[cancel]] };
  const text = lines(
    words.html("holder-ask", { worker: worker.id, ...holderArgs(words, holder) }),
    words.html("holder-effect"),
  );
  const yes = {
    text: words.text("button-hstop-yes", { pid: String(pid) }),
    callback_data: encodePress("hstopyes", worker.id, `${pid.toString(36)}-${token}`),
    style: "danger" as const,
  };
  return { html: text.text, keyboard: [[yes], [cancel]] };
}
