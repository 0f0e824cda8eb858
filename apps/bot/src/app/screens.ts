import type { AdminStore } from "../admins/admin-store.ts";
import type { Card, Screen } from "../kit/chat/screen.ts";
import { isGroup } from "../kit/chat/target.ts";
import { openQuestion } from "../kit/open-question.ts";
import { isAskedOn } from "../kit/question.ts";
import type { Views } from "../workers/views.ts";
import { REGISTRY, type ShownDeps } from "./features.ts";

/** What screens find their data in. */
export type RenderDeps = ShownDeps & {
  readonly views: Pick<Views, "of">;
  readonly admins: Pick<AdminStore, "openIn">;
};

/**
 * Renders one screen for a chat as things are now. While Redis does not answer, each says why it
 * may be old.
 */
export async function renderScreen(deps: RenderDeps, chat: string, screen: Screen): Promise<Card> {
  const kind = REGISTRY.screens.get(screen.kind);
  if (!kind) throw new Error(`no screen ${screen.kind}`);
  const view = await deps.views.of(chat);
  const { html, keyboard } = await kind.render(deps, view, screen as never);
  const open = deps.admins.openIn(chat).filter(({ what }) => {
    const question = REGISTRY.questions.get(what);
    return question !== undefined && !isAskedOn(question, screen);
  });
  const trouble = view.trouble ? [`🔌 ${view.words.html(`why-redis-${view.trouble}`).text}`] : [];
  const asked = open.map((each) => openQuestion(view.words, each, isGroup(chat)).text);
  return { html: [html, ...trouble, ...asked].join("\n"), keyboard };
}
