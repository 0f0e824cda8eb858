import { answered, askFor } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { question } from "../kit/question.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker } from "./of-worker.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    tags: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    tags: true;
  }
}

const MAX_TAGS = 8;

/** 🏷 Tags; the next text of this admin replaces them. */
export const tagsButton = button(
  "tags",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    askFor(deps, context, { what: "tags", worker: id }),
  ),
);

/** `-` takes all tags away. */
export const tagsQuestion = question(
  "tags",
  tagsButton,
  async (deps: WorkerDeps, context, about) => {
    const worker = deps.workers.find(about)?.id;
    if (!worker) return await answered(deps, context, { kind: "menu" });
    const text = context.text.trim();
    deps.workers.setTags(worker, text === "-" ? [] : tagsIn(text));
    await answered(deps, context, { kind: "more", worker });
  },
);

function tagsIn(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z0-9_-]{1,16}/g) ?? [];
  return [...new Set(words)].slice(0, MAX_TAGS);
}
