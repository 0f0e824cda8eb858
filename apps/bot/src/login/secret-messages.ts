import type { Context, MiddlewareFn } from "grammy";
import type { Message } from "grammy/types";
import { reaches } from "../kit/roles.ts";
import type { CommandContext, TextContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import { type LoginDeps, loginButton } from "./login-buttons.ts";
import { pastedSecret, typedSecret } from "./typed-secret.ts";
import type { WizardStep } from "./wizard-state.ts";
import type { WizardRow } from "./wizard-store.ts";

/**
 * At these steps any text may be the secret, also one that looks like a command. A code is tapped,
 * so a command is none there.
 */
const SECRET: ReadonlySet<WizardStep["kind"]> = new Set([
  "ask-password",
  "checking-password",
  "ask-session",
  "reading-session",
  "confirm-session",
  "taking-session",
]);

/**
 * Stands before every other handler (field fault A14). In the middle of a login, whatever comes in
 * the private chat is taken for the step and deleted: a password that looks like a command, a
 * picture, a message that was edited into a password. Commands pass where no secret is asked. The
 * same holds for a worker's proxy, which has a password in it. What comes in a group, or a moment
 * after the login, is deleted and taken for nothing.
 */
export function guardSecrets(
  deps: LoginDeps,
  { read, isCommand, ...chat }: SecretChat,
): MiddlewareFn {
  return async (context, next) => {
    const message = context.message ?? context.editedMessage;
    if (!message) return await next();
    const isEdit = context.message === undefined;
    const command = isCommand(textOf(message));
    const row = deps.wizard.of(read(context).admin);
    const seen: Seen = { message, isEdit, isCommand: command, context: read(context) };
    // An edit that nothing asks for leads nowhere.
    const pass = async (): Promise<void> => (isEdit ? undefined : await next());
    if (context.chat?.type !== "private") return await inGroup(seen, row, pass);
    if (!row) return await withoutLogin(deps, chat, seen, pass);
    const { kind } = row.step;
    // Files have a handler of their own, which deletes them too.
    if (message.document && !isEdit) return await next();
    if (!SECRET.has(kind) && command) return await pass();
    await take(deps, seen.context, row, message);
    if (kind === "ended" && !isEdit) await next();
  };
}

/** How the rest of the chat takes messages. */
interface SecretChat extends Asked {
  readonly read: (context: Context) => CommandContext;
  readonly isCommand: (text: string) => boolean;
}

interface Asked {
  /** What is asked of an admin, if anything. */
  readonly asked: (admin: CommandContext["admin"]) => { readonly isSecret: boolean } | null;
  /** Takes a text as the answer. */
  readonly answer: (context: TextContext) => Promise<void>;
}

interface Seen {
  readonly message: Message;
  readonly isEdit: boolean;
  readonly isCommand: boolean;
  readonly context: CommandContext;
}

/** A secret that went to the wrong chat must not become the answer to a question there. */
async function inGroup(
  { isCommand, context }: Seen,
  row: WizardRow | null,
  pass: () => Promise<void>,
): Promise<void> {
  if (!row || !SECRET.has(row.step.kind) || isCommand) return await pass();
  const erased = await context.erase();
  await context.reply(say(erased ? "login-elsewhere" : "login-not-deleted"));
}

/** No login is under way: a proxy may be asked for, and a login may have ended a moment ago. */
async function withoutLogin(
  { wizard }: LoginDeps,
  chat: Asked,
  seen: Seen,
  pass: () => Promise<void>,
): Promise<void> {
  const { message, isCommand, context } = seen;
  const asked = chat.asked(context.admin);
  if (isCommand) return await pass();
  if (asked?.isSecret)
    return await chat.answer({
      ...context,
      text: pastedOf(message),
      erase: () => erased(context),
    });
  if (asked === null && wizard.ended.has(context.admin)) await erased(context);
  await pass();
}

/** Deletes the message; says so when it is still there. */
async function erased(context: CommandContext): Promise<boolean> {
  const gone = await context.erase();
  if (!gone) await context.reply(say("login-not-deleted"));
  return gone;
}

function textOf({ text, caption }: Message): string {
  return text ?? caption ?? "";
}

function pastedOf(message: Message): string {
  return pastedSecret(textOf(message), message.entities ?? message.caption_entities);
}

async function take(
  deps: LoginDeps,
  context: CommandContext,
  row: WizardRow,
  message: Message,
): Promise<void> {
  const { wizard, panels } = deps;
  await erased(context);
  const { asker, role } = context;
  if (!reaches(role, loginButton.role))
    return await context.reply(say("toast-refused", { role, needs: loginButton.role }));
  const text = textOf(message);
  switch (row.step.kind) {
    case "ended":
      return;
    case "ask-phone":
      await wizard.phone(row, message.contact?.phone_number ?? text, asker);
      break;
    case "ask-password":
      if (text !== "")
        await wizard.password(
          row,
          typedSecret(text, message.entities ?? message.caption_entities),
          asker,
        );
      break;
    case "ask-code":
    case "checking-code":
      // Anything in this chat that looks like the code has cost it its life.
      wizard.typedCode(row, text);
      break;
    case "ask-session":
    case "confirm-session":
      if (text !== "") await wizard.session.take(row, Buffer.from(pastedOf(message)), asker);
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
