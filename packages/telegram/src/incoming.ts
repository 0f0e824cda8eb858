import { Api, utils } from "telegram";

/** That a message came: ids only, its text stays where it is. */
export interface IncomingMessage {
  /** Marked id of the chat: user 123, group -123, channel -100123. */
  readonly chat: string;
  readonly id: number;
  /** True when the account itself sent it, from here or from another device. */
  readonly out: boolean;
}

/** The new messages in one `Updates` object. Anything else in it, known or not, is passed over. */
export function newMessages(container: unknown): IncomingMessage[] {
  if (container instanceof Api.UpdateShortMessage) {
    return [{ chat: container.userId.toString(), id: container.id, out: container.out === true }];
  }
  if (container instanceof Api.UpdateShortChatMessage) {
    return [{ chat: `-${container.chatId.toString()}`, id: container.id, out: container.out === true }];
  }
  return updatesIn(container).flatMap((update) => fromUpdate(update));
}

/** The single updates of an `Updates` object, unwrapped. */
export function updatesIn(container: unknown): readonly unknown[] {
  if (container instanceof Api.UpdateShort) return [container.update];
  if (container instanceof Api.Updates || container instanceof Api.UpdatesCombined) return container.updates;
  return [];
}

function fromUpdate(update: unknown): IncomingMessage[] {
  if (!(update instanceof Api.UpdateNewMessage || update instanceof Api.UpdateNewChannelMessage)) return [];
  const { message } = update;
  if (!(message instanceof Api.Message || message instanceof Api.MessageService)) return [];
  return [{ chat: utils.getPeerId(message.peerId), id: message.id, out: message.out === true }];
}
