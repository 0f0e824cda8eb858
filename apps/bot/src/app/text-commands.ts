import type { Bot, Context } from "grammy";
import { isGroup } from "../kit/chat/target.ts";
import { type Role, reaches } from "../kit/roles.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import type { Languages } from "../kit/words/words.ts";
import { type FeatureDeps, REGISTRY } from "./features.ts";
import { unknownCommand } from "./help.ts";

/** Every command that this role may give, in the order in which `/help` tells of them. */
export function commandsFor(role: Role): string[] {
  return [...REGISTRY.commands.values()].flatMap((command) =>
    reaches(role, command.role) ? [command.name] : [],
  );
}

/** Whether this text is one of the bot's commands, as Telegram would mark it. */
export function isCommand(text: string): boolean {
  const name = /^\/([a-z]+)(?:@\w+)?(?:\s|$)/i.exec(text)?.[1]?.toLowerCase();
  return name !== undefined && REGISTRY.commands.has(name);
}

type MenuSignal = Parameters<Bot["api"]["setMyCommands"]>[2];

/** Tells Telegram the commands of the bot's menu, in every language. */
export async function setMenu(bot: Bot, languages: Languages, signal: MenuSignal): Promise<void> {
  const listed = [...REGISTRY.commands.values()].filter(({ listed }) => listed);
  for (const words of Object.values(languages)) {
    const commands = listed.map(({ name }) => ({
      command: name,
      description: words.text(`command-${name}`),
    }));
    await bot.api.setMyCommands(
      commands,
      words.language === "en" ? {} : { language_code: words.language },
      signal,
    );
  }
}

/** Registers the commands. Each needs the role of the button that it mirrors. */
export function registerCommands(
  bot: Bot,
  deps: FeatureDeps,
  read: (context: Context) => CommandContext,
): void {
  for (const { name, role, run } of REGISTRY.commands.values()) {
    // Keyboards write the first letter of a message large, and some people all of them.
    const spellings = [name, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, name.toUpperCase()];
    bot.command(spellings, async (context) => {
      const command = read(context);
      if (!reaches(command.role, role))
        return await command.reply(say("toast-refused", { role: command.role, needs: role }));
      await run(deps, command, context.match.toString().trim().split(/\s+/).filter(Boolean));
    });
  }
  // In a group it may be meant for another bot.
  bot.on("message:text", async (context, next) => {
    const command = read(context);
    const name = /^\/(\w+)/.exec(command.text)?.[1]?.toLowerCase();
    const isAnswer = deps.admins.expecting(command.admin, command.chat) !== null;
    if (name === undefined || isAnswer || isGroup(command.chat)) return await next();
    await command.reply(
      REGISTRY.commands.has(name)
        ? say("command-of-another", { name })
        : unknownCommand(name, commandsFor(command.role)),
    );
  });
}
