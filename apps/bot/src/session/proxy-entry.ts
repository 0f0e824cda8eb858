import { seal, sealContext } from "@flotilla/contracts";
import { AppError, maskProxy, parseProxy, type WorkerId } from "@flotilla/kernel";
import type { TextContext, TextDeps } from "../app/texts.ts";
import { isGroup } from "../kit/chat/target.ts";
import type { Screen } from "../kit/screen.ts";
import { say } from "../kit/words/said.ts";

/** What takes a worker's own proxy away. */
const OFF = /^(off|-|direct)$/i;

/**
 * Takes the proxy that an admin typed: the message is deleted before anything else, as it may hold
 * a password, and what it said is sealed for the worker's process at once. Nothing changes before
 * the next question is answered.
 */
export async function takeProxy(
  deps: TextDeps,
  context: TextContext,
  worker: WorkerId | null,
): Promise<void> {
  await context.erase();
  const { panels, admins, screens, clock } = deps;
  if (!worker || isGroup(context.chat)) {
    admins.expect(context.admin, null);
    return await panels.show(context.chat, { kind: "menu" }, null);
  }
  const text = context.text.trim();
  const token = Math.floor(clock.now() / 1000).toString(36);
  try {
    const screen = entered(worker, text, {
      sealTo: screens.views.lastStatus(worker)?.link?.way?.sealTo ?? null,
      token,
    });
    admins.expect(context.admin, null);
    await panels.show(context.chat, screen, null);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const problem = say(error.code === "worker-away" ? "ask-proxy-away" : "ask-proxy-bad");
    await panels.show(context.chat, { kind: "ask", what: "proxy", worker, problem }, null);
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
