import type { CallbackAnswer } from "../botapi/hub.ts";
import type { Chat, StoredMessage } from "../botapi/model/types.ts";
import { languageCodeOf } from "../botapi/views.ts";
import type { ControlContext } from "./context.ts";

/**
 * A message as the control API and the page show it. Times are milliseconds of the sandbox's clock.
 */
export function messageState(
  context: ControlContext,
  chat: Chat,
  message: StoredMessage,
): Record<string, unknown> {
  return {
    id: message.id,
    chat: chat.user.id,
    from: message.fromBot ? "bot" : "user",
    date: message.dateMs,
    edited: message.editedMs,
    deleted: message.deleted,
    text: message.body.text,
    entities: message.body.entities,
    keyboard: message.keyboard ?? [],
    ...mediaState(context, message),
    replyTo: message.replyTo,
    silent: message.silent,
    pinned: chat.pinned.includes(message.id),
  };
}

function mediaState(
  { backend }: ControlContext,
  { media }: StoredMessage,
): Record<string, unknown> {
  if (media === null) return { photo: null, document: null };
  const file = backend.files.get(media.fileId);
  const url = `/control/files/${file.uniqueId}`;
  if (media.kind === "document")
    return {
      photo: null,
      document: { url, name: file.name, mime: file.mime, size: file.bytes.length },
    };
  return {
    photo: { url, width: media.width, height: media.height, spoiler: media.spoiler },
    document: null,
  };
}

/** One user's chat: messages, pins, menu commands and what the input field offers. */
export function chatState(context: ControlContext, chat: Chat): Record<string, unknown> {
  return {
    user: chat.user,
    started: chat.started,
    blocked: chat.blocked,
    pinned: chat.pinned,
    replyKeyboard: chat.replyKeyboard,
    commands: context.backend.commands.inPrivateChat(chat.user.id, languageCodeOf(chat.user)),
    messages: chat.messages.map((message) => messageState(context, chat, message)),
  };
}

/** A person with a chat with the bot. */
interface Person {
  readonly id: number;
  readonly firstName: string;
  readonly username: string | null;
  /** Its chat is the one that is meant where no user is named. */
  readonly admin: boolean;
  readonly started: boolean;
}

/** Who has a chat with the bot, the admin first. */
export function people(context: ControlContext): Person[] {
  const chats = [context.backend.chats.open(context.admin), ...context.backend.chats.all()];
  return [...new Map(chats.map((chat) => [chat.user.id, personOf(context, chat)])).values()];
}

/** One of them. */
export function personOf({ admin }: ControlContext, { user, started }: Chat): Person {
  return {
    id: user.id,
    firstName: user.firstName,
    username: user.username,
    admin: user.id === admin.id,
    started,
  };
}

/** An answered press as a toast line. */
export function toastState(answer: CallbackAnswer): Record<string, unknown> {
  const { callbackId, chatId, messageId, atMs, text, alert, url } = answer;
  return { callbackId, chat: chatId, messageId, at: atMs, text, alert, url };
}

/**
 * The MTProto side in one object: accounts with their latest code, QR logins, channels,
 * connections.
 */
export function worldState(context: ControlContext): Record<string, unknown> {
  const { world, faultLog } = context;
  return {
    accounts: world
      .accounts()
      .map((account) => ({ ...account, code: world.latestCode(account.phone) })),
    qr: world.pendingQrLogins(),
    channels: world.channels(),
    connections: world.connections(),
    faults: faultLog.entries(),
    people: people(context),
  };
}

/**
 * The chat as plain text, one line per message, buttons in brackets below; deleted messages are
 * left out.
 */
export function transcript(context: ControlContext, chat: Chat): string {
  const lines = chat.messages
    .filter((message) => !message.deleted)
    .flatMap((message) => {
      const who = message.fromBot ? context.backend.bot.firstName : chat.user.firstName;
      const media = message.media === null ? "" : `[${message.media.kind}] `;
      const edited = message.editedMs === null ? "" : " (edited)";
      const head =
        `${clockTime(message.dateMs)} #${message.id} ${who}: ` +
        `${media}${message.body.text.replaceAll("\n", "\n    ")}${edited}`;
      return [
        head,
        ...(message.keyboard ?? []).map(
          (row) => `    ${row.map((button) => `[${button.text}]`).join(" ")}`,
        ),
      ];
    });
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function clockTime(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 19);
}
