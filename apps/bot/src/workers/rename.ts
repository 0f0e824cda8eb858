import { clip } from "@flotilla/contracts";
import { answered, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { question } from "../kit/question.ts";
import { readableName } from "../kit/words/readable.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker } from "./of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    rename: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    rename: true;
  }
}

/** ✏️ The name that people see; the id stays. */
export const renameButton = button(
  "rename",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    askFor(deps, context, { what: "rename", worker: id }),
  ),
);

/** `-` takes the name away. */
export const renameQuestion = question(
  "rename",
  renameButton,
  async (deps: WorkerDeps, context, about) => {
    const worker = deps.workers.find(about)?.id;
    if (!worker) return await answered(deps, context, { kind: "menu" });
    const text = context.text.trim();
    const label = text === "-" ? null : clip(readableName(text), 32) || null;
    deps.workers.setLabel(worker, label);
    await answered(deps, context, { kind: "worker", worker });
  },
);
