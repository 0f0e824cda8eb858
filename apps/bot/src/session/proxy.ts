import { Sealed, seal, sealContext, WorkerIdField } from "@flotilla/contracts";
import { AppError, maskProxy, parseProxy, type WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { askAgain, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, type Screen, screen } from "../kit/chat/screen.ts";
import { isGroup } from "../kit/chat/target.ts";
import { isTooLate, stampOf } from "../kit/confirm.ts";
import { cancelButton, verbButton } from "../kit/keyboard.ts";
import { question } from "../kit/question.ts";
import { textCommand } from "../kit/text-command.ts";
import type { TextContext } from "../kit/text-context.ts";
import { lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { aboutWorker } from "../workers/about-worker.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker, outOfDate, run } from "../workers/of-worker.ts";
import type { FleetView } from "../workers/view.ts";

/**
 * Asks once more before a worker goes another way. `sealed` is for its process alone; null: the way
 * of its host.
 */
const data = z.object({
  worker: WorkerIdField,
  shown: z.string().nullable(),
  sealed: Sealed.nullable(),
  token: z.string(),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    proxy: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    proxy: true;
    proxyyes: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    proxy: true;
  }
}

/** Shows the proxy that was typed, masked, and asks once more. */
export const proxy = screen("proxy", data, (_deps, { words }: FleetView, shown) =>
  proxyScreen(words, shown),
);

/** What is typed may hold a password: not where others read along. */
export const proxyButton = button(
  "proxy",
  "owner",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    if (isGroup(context.chat)) return await context.toast(say("toast-proxy-private"));
    await askFor(deps, context, { what: "proxy", worker: id });
  }),
);

/**
 * Sets the proxy that is on show. Refused when the question is too old, or another one is on show.
 */
export const proxyYes = button(
  "proxyyes",
  "owner",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const shown = deps.panels.screen(context.chat);
    const { arg } = context.press;
    const fits = shown?.kind === "proxy" && shown.worker === id && shown.token === arg;
    if (!fits || isTooLate(arg, deps.clock.now())) return await outOfDate(deps, context, id);
    await run(deps, context, id, () => deps.commands.setProxy(id, shown.sealed, context));
  }),
);

/** A proxy may hold a password, so what was typed is deleted from the chat. */
export const proxyQuestion = question("proxy", proxyButton, takeProxy, { isSecret: true });

const askByText = aboutWorker(async (deps: WorkerDeps, context, { id }) => {
  if (isGroup(context.chat)) return await context.reply(say("toast-proxy-private"));
  deps.admins.expect(context.admin, "proxy", id, context.chat);
  const shown = { kind: "ask", what: "proxy", worker: id, problem: null } as const;
  await deps.panels.show(context.chat, shown, null);
});

/**
 * `/proxy` asks for the address: a password in the command itself would stay in the chat until the
 * bot had read it. A message with an address behind the name does not stay.
 */
export const proxyCommand = textCommand(
  "proxy",
  proxyButton,
  async (deps: WorkerDeps, context, words) => {
    if (words.length > 1 && !(await context.erase())) await context.reply(say("login-not-deleted"));
    await askByText(deps, context, words.slice(0, 1));
  },
  { listed: false },
);

/** What takes a worker's own proxy away. */
const OFF = /^(off|-|direct)$/i;

/**
 * Takes the proxy that an admin typed: the message is deleted before anything else, as it may hold
 * a password, and what it said is sealed for the worker's process at once. Nothing changes before
 * the next question is answered.
 */
async function takeProxy(deps: WorkerDeps, context: TextContext, about: string): Promise<void> {
  await context.erase();
  const { panels, admins, views, clock } = deps;
  const worker = deps.workers.find(about)?.id ?? null;
  if (!worker || isGroup(context.chat)) {
    admins.expect(context.admin, null);
    return await panels.show(context.chat, { kind: "menu" }, null);
  }
  const text = context.text.trim();
  const token = stampOf(clock.now());
  try {
    const screen = entered(worker, text, {
      sealTo: views.lastStatus(worker)?.link?.way?.sealTo ?? null,
      token,
    });
    admins.expect(context.admin, null);
    await panels.show(context.chat, screen, null);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const problem = say(error.code === "worker-away" ? "ask-proxy-away" : "ask-proxy-bad");
    await askAgain(deps, context, { what: "proxy", worker }, problem);
  }
}

/** Throws AppError `bad-proxy`, or `worker-away` when there is no process to seal it for. */
function entered(
  worker: WorkerId,
  text: string,
  { sealTo, token }: { readonly sealTo: string | null; readonly token: string },
): Screen {
  if (OFF.test(text)) return { kind: "proxy", worker, shown: null, sealed: null, token };
  const shown = maskProxy(parseProxy(text));
  if (sealTo === null) throw new AppError("worker-away", "The worker does not run.");
  return { kind: "proxy", worker, shown, sealed: seal(sealTo, sealContext(worker), text), token };
}

/** Asks once more: where it will go, and that nothing goes around it. */
export function proxyScreen(words: Words, asking: z.infer<typeof data>): Card {
  const { worker, shown, token } = asking;
  const ask =
    shown === null
      ? words.html("proxy-off-ask", { worker })
      : words.html("proxy-ask", { worker, way: shown });
  const text = lines(ask, "", words.html("proxy-effect"));
  return {
    html: text.text,
    keyboard: [
      [verbButton(words, "proxyyes", worker, token)],
      [cancelButton(words, encodePress("worker", worker))],
    ],
  };
}
