import { clip } from "@flotilla/contracts";
import type { ChatDeps } from "../kit/press.ts";
import type { TextCommand } from "../kit/text-command.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import { ALL_WORKERS } from "./of-worker.ts";
import { matching } from "./view.ts";
import type { WorkerRow, WorkerStore } from "./worker-store.ts";

/** A text command about one worker, named in part; several that fit are offered as buttons. */
export function aboutWorker<
  Deps extends Pick<ChatDeps, "panels"> & { readonly workers: WorkerStore },
>(
  run: (deps: Deps, context: CommandContext, worker: WorkerRow) => Promise<void>,
): TextCommand<Deps>["run"] {
  return async (deps, context, words) => {
    const name = words.join(" ");
    const found = name === "" ? [] : matching(deps.workers.all(), name);
    const [only, ...more] = found;
    if (only && more.length === 0) return await run(deps, context, only);
    if (name !== "" && !only) await context.reply(say("no-such-worker", { name: clip(name, 40) }));
    const find = only ? name.slice(0, 32) : "";
    await deps.panels.show(context.chat, { ...ALL_WORKERS, find }, null);
  };
}
