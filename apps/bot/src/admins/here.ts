import { isGroup } from "../kit/chat/target.ts";
import { textCommand } from "../kit/text-command.ts";
import { say } from "../kit/words/said.ts";
import { languageFor } from "../kit/words/words.ts";
import { adminsButton } from "./admins.ts";
import { type AdminDeps, note } from "./deps.ts";
import type { PlaceStore } from "./place-store.ts";

/** `/here` opens a group or a topic for the fleet; `/here off` closes it. */
export const hereCommand = textCommand(
  "here",
  adminsButton,
  async (deps: AdminDeps & { readonly places: PlaceStore }, context, [word = ""]) => {
    const { chat, title } = context;
    if (!isGroup(chat)) return await context.reply(say("here-only-groups"));
    if (/^(?:off|выкл)$/i.test(word)) {
      await context.reply(say("here-closed"));
      return deps.places.remove(chat);
    }
    deps.places.add(chat, title, languageFor(deps.admins.language(context.admin)));
    note(deps, context, say("audit-here", { chat: title }));
    await context.reply(say("here-opened"));
    await deps.panels.show(chat, { kind: "menu" }, null);
  },
  { listed: false },
);
