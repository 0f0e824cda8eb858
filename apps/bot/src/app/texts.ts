import { clip } from "@flotilla/contracts";
import { answered } from "../kit/ask.ts";
import { isGroup } from "../kit/chat/target.ts";
import type { Question } from "../kit/question.ts";
import { reaches } from "../kit/roles.ts";
import type { TextContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import { ALL_WORKERS } from "../workers/of-worker.ts";
import { matching } from "../workers/view.ts";
import { type FeatureDeps, REGISTRY } from "./features.ts";

/** The question that is open for an admin in this chat, or in any. */
export function openQuestionOf(
  { admins }: Pick<FeatureDeps, "admins">,
  admin: TextContext["admin"],
  chat: string | null = null,
): { readonly question: Question<FeatureDeps>; readonly about: string } | null {
  const asked = admins.expecting(admin, chat);
  const question = asked && REGISTRY.questions.get(asked.what);
  return question ? { question, about: asked.about } : null;
}

/**
 * Takes a text: the answer to a question, or the name of a worker, or a part of it. What is neither
 * is said to be. In a group only answers count.
 */
export async function handleText(deps: FeatureDeps, context: TextContext): Promise<void> {
  const asked = openQuestionOf(deps, context.admin, context.chat);
  if (asked) return await answer(deps, context, asked.question, asked.about);
  if (isGroup(context.chat)) return;
  const text = context.text.trim();
  const [only, ...more] = /^[\w#-]{2,32}$/.test(text) ? matching(deps.workers.all(), text) : [];
  if (only && more.length === 0)
    return await deps.panels.show(context.chat, { kind: "worker", worker: only.id }, null);
  if (only) return await deps.panels.show(context.chat, { ...ALL_WORKERS, find: text }, null);
  await context.reply(say("unknown-text", { text: clip(text, 40) }));
  await deps.panels.show(context.chat, { kind: "menu" }, null);
}

/** Takes the answer to a question. The role may have changed since it was asked. */
async function answer(
  deps: FeatureDeps,
  context: TextContext,
  question: Question<FeatureDeps>,
  about: string,
): Promise<void> {
  const { role } = context;
  if (reaches(role, question.role)) return await question.take(deps, context, about);
  if (question.isSecret) await context.erase();
  await context.reply(say("toast-refused", { role, needs: question.role }));
  await answered(deps, context, { kind: "menu" });
}
