import type { Context, MiddlewareFn } from "grammy";
import type { Message } from "grammy/types";
import type { RouteDeps } from "../bot.ts";
import type { CommandContext } from "../text-commands.ts";
import { say } from "../words/said.ts";
import { typedSecret } from "./typed-secret.ts";
import type { WizardStep } from "./wizard-state.ts";
import type { WizardRow } from "./wizard-store.ts";

/** At these steps any text may be the secret, also one that looks like a command. A code is tapped, so a command is none there. */
const SECRET: ReadonlySet<WizardStep["kind"]> = new Set([
  "ask-password",
  "checking-password",
  "ask-session",
  "reading-session",
  "confirm-session",
  "taking-session",
]);

/**
 * Stands before every other handler. In the middle of a login, whatever comes in the private chat is taken for the step and deleted:
 * a password that looks like a command, a picture, a message that was edited into a password. Commands pass where no secret is asked.
 */
export function guardSecrets(
  deps: RouteDeps,
  read: (context: Context) => CommandContext,
  isCommand: (text: string) => boolean,
): MiddlewareFn {
  return async (context, next) => {
    const message = context.message ?? context.editedMessage;
    const isEdit = context.message === undefined;
    if (!message) return await next();
    const row = context.chat?.type === "private" ? deps.wizard.of(read(context).admin) : null;
    if (!row) return isEdit ? undefined : await next();
    const { kind } = row.step;
    // Files have a handler of their own, which deletes them too.
    if (message.document && !isEdit) return await next();
    const passes = !SECRET.has(kind) && isCommand(textOf(message));
    if (passes) return isEdit ? undefined : await next();
    await take(deps, read(context), row, message);
    if (kind === "ended" && !isEdit) await next();
  };
}

function textOf({ text, caption }: Message): string {
  return text ?? caption ?? "";
}

async function take(deps: RouteDeps, context: CommandContext, row: WizardRow, message: Message): Promise<void> {
  const { wizard, panels } = deps;
  if (!(await context.erase())) await context.reply(say("login-not-deleted"));
  const text = textOf(message);
  const { asker } = context;
  switch (row.step.kind) {
    case "ended":
      return;
    case "ask-phone":
      await wizard.phone(row, message.contact?.phone_number ?? text, asker);
      break;
    case "ask-password":
      if (text !== "") await wizard.password(row, typedSecret(text, message.entities ?? message.caption_entities), asker);
      break;
    case "ask-code":
    case "checking-code":
      // Anything in this chat that looks like the code has cost it its life.
      wizard.typedCode(row, text);
      break;
    case "ask-session":
    case "confirm-session":
      if (text !== "") await wizard.session.take(row, Buffer.from(text), asker);
      break;
    case "reading-session":
    case "taking-session":
    case "confirm-account":
    case "keeping-account":
    case "preparing":
    case "sending-code":
    case "checking-password":
    case "qr":
      break;
    default:
      return row.step satisfies never;
  }
  await panels.replace(context.chat, { kind: "login", worker: row.worker });
}
