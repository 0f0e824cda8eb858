import { answered, askAgain, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { question } from "../kit/question.ts";
import { readableName } from "../kit/words/readable.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker } from "./of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    note: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    note: true;
  }
}

const MAX_CHARACTERS = 200;

/** 📝 Note: what people want to remember of a worker. */
export const noteButton = button(
  "note",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    askFor(deps, context, { what: "note", worker: id }),
  ),
);

/** `-` takes the note away. */
export const noteQuestion = question(
  "note",
  noteButton,
  async (deps: WorkerDeps, context, about) => {
    const worker = deps.workers.find(about)?.id;
    if (!worker) return await answered(deps, context, { kind: "menu" });
    const text = readableName(context.text);
    const length = [...text].length;
    if (length > MAX_CHARACTERS) {
      const problem = say("ask-note-bad", { length, max: MAX_CHARACTERS });
      return await askAgain(deps, context, { what: "note", worker }, problem);
    }
    const note = text === "-" || text === "" ? null : text;
    deps.workers.setNote(worker, note);
    const done = note === null ? say("audit-note-off") : say("audit-note", { note });
    deps.audit.write(context.asker, done, worker, deps.clock.now());
    await answered(deps, context, { kind: "worker", worker });
  },
);
