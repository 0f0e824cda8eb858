import type { Asker } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { answered, askAgain, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { CONFIRM_MS } from "../kit/confirm.ts";
import { question } from "../kit/question.ts";
import { say } from "../kit/words/said.ts";
import { toastOf } from "./commands.ts";
import type { WorkerDeps } from "./deps.ts";
import { ALL_WORKERS, ofWorker } from "./of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    delete: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    delete: true;
  }
}

/** 🗑 asks for the name of the worker, once more. */
export const deleteButton = button(
  "delete",
  "owner",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    askFor(deps, context, { what: "delete", worker: id, about: `${id} ${deps.clock.now()}` }),
  ),
);

interface DeleteDeps extends WorkerDeps {
  /** Takes a worker off the list that no host has. */
  readonly forgetWorker: (worker: WorkerId, by: Asker) => void;
}

/** Deletes the worker whose name was typed. `about`: its name and when it was asked. */
export const deleteQuestion = question(
  "delete",
  deleteButton,
  async (deps: DeleteDeps, context, about) => {
    const [name = "", askedAt = "0"] = about.split(" ");
    const row = deps.workers.find(name);
    const worker = row?.id;
    if (!worker) return await answered(deps, context, { kind: "menu" });
    if (deps.clock.now() - Number(askedAt) > CONFIRM_MS) {
      const text = say("toast-confirm-late");
      return await answered(deps, context, { kind: "notice", text, worker });
    }
    if (context.text.trim() !== worker)
      return await askAgain(deps, context, { what: "delete", worker }, say("ask-delete-bad"));
    if (row.hostGone) {
      deps.forgetWorker(worker, context.asker);
      return await answered(deps, context, ALL_WORKERS);
    }
    const result = await deps.commands.askHost("forget", worker, context.asker, context.id);
    if (result.kind !== "sent") await context.reply(toastOf(result));
    await answered(deps, context, { kind: "worker", worker });
  },
);
