import { ChatRef, isServiceChat } from "@flotilla/contracts";
import { markedChannel } from "@flotilla/kernel";
import type { LinkedChannel } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import { markedId } from "../wire/marked.ts";

/** A chat of the account: `ref` is `@name`, or the marked id of a chat without one. */
export interface ListedChat {
  readonly ref: string;
  readonly title: string;
  readonly kind: "channel" | "group" | "person";
  readonly forum: boolean;
  /** True = the account may write there. */
  readonly mayWrite: boolean;
}

/** A topic of a forum. */
export interface ListedTopic {
  readonly id: number;
  readonly title: string;
  readonly closed: boolean;
}

const MAX_TITLE = 128;

/**
 * The chats of a page of dialogs, in order, without service chats and without chats that the
 * account has left or was removed from.
 */
export function listedChats(
  answer: Api.messages.Dialogs | Api.messages.DialogsSlice,
): ListedChat[] {
  const entities = new Map(
    [...answer.users, ...answer.chats].map((entity) => [markedId(entity), entity]),
  );
  return answer.dialogs.flatMap((dialog) => listed(entities.get(markedId(dialog.peer))) ?? []);
}

/** A hundred dialogs, newest first (https://core.telegram.org/method/messages.getDialogs). */
export const FIRST_PAGE = {
  ...{ offsetDate: 0, offsetId: 0, offsetPeer: new Api.InputPeerEmpty() as Api.TypeInputPeer },
  ...{ limit: 100, hash: bigInt.zero },
};

/** The topics of an answer, without deleted ones. */
export function listedTopics({ topics }: Api.messages.ForumTopics): ListedTopic[] {
  return topics.flatMap((topic) =>
    topic instanceof Api.ForumTopic
      ? [{ id: topic.id, title: topic.title.slice(0, MAX_TITLE), closed: topic.closed === true }]
      : [],
  );
}

/** A broadcast channel names its group in the same field: copies go only into a group. */
export function linkedChannelOf({ fullChat, chats }: Api.messages.ChatFull): LinkedChannel | null {
  // GramJS leaves null where the server sends nothing, whatever its types say.
  const linked = fullChat instanceof Api.ChannelFull ? (fullChat.linkedChatId ?? null) : null;
  if (linked === null) return null;
  const channels = chats.filter((chat) => chat instanceof Api.Channel);
  if (channels.find(({ id }) => id.equals(fullChat.id))?.broadcast) return null;
  const username = channels.find(({ id }) => id.equals(linked))?.username ?? null;
  return { chat: markedChannel(linked.toString()), username };
}

function listed(entity: Api.TypeUser | Api.TypeChat | undefined): ListedChat | null {
  if (entity instanceof Api.Channel && !entity.left) {
    const title = entity.title.slice(0, MAX_TITLE);
    const kind = entity.broadcast ? "channel" : "group";
    return {
      ref: refOf(entity),
      title,
      kind,
      forum: entity.forum === true,
      mayWrite: mayWrite(entity),
    };
  }
  if (entity instanceof Api.Chat && !entity.left && !entity.deactivated)
    return {
      ref: refOf(entity),
      title: entity.title.slice(0, MAX_TITLE),
      kind: "group",
      forum: false,
      mayWrite: true,
    };
  if (
    !(entity instanceof Api.User) ||
    entity.self ||
    entity.deleted ||
    isServiceChat(markedId(entity))
  )
    return null;
  const title = [entity.firstName, entity.lastName].filter(Boolean).join(" ").slice(0, MAX_TITLE);
  return { ref: refOf(entity), title, kind: "person", forum: false, mayWrite: true };
}

function mayWrite({
  creator,
  broadcast,
  adminRights,
  bannedRights,
  defaultBannedRights,
}: Api.Channel): boolean {
  if (creator) return true;
  if (broadcast) return adminRights?.postMessages === true;
  return (
    adminRights !== undefined || !(bannedRights?.sendMessages || defaultBannedRights?.sendMessages)
  );
}

function refOf(entity: Api.Channel | Api.Chat | Api.User): string {
  const name = "username" in entity && entity.username ? `@${entity.username}` : null;
  // Some names of Telegram's own have three letters; routes refuse them.
  if (name !== null && ChatRef.safeParse(name).success) return name;
  return markedId(entity);
}
