import { Api, utils } from "telegram";

/** A chat of the account: `ref` is `@name`, or the marked id of one that has none. */
export interface ListedChat {
  readonly ref: string;
  readonly title: string;
  readonly kind: "channel" | "group" | "person";
  readonly forum: boolean;
  /** The account may write there. */
  readonly mayWrite: boolean;
}

/** A topic of a forum. */
export interface ListedTopic {
  readonly id: number;
  readonly title: string;
  readonly closed: boolean;
}

const MAX_TITLE = 128;

/** The chats of a page of dialogs, in their order; those that the account left or was put out of are left out. */
export function listedChats(answer: Api.messages.Dialogs | Api.messages.DialogsSlice): ListedChat[] {
  const entities = new Map([...answer.users, ...answer.chats].map((entity) => [utils.getPeerId(entity), entity]));
  return answer.dialogs.flatMap((dialog) => listed(entities.get(utils.getPeerId(dialog.peer))) ?? []);
}

/** Topics that are there. */
export function listedTopics({ topics }: Api.messages.ForumTopics): ListedTopic[] {
  return topics.flatMap((topic) =>
    topic instanceof Api.ForumTopic
      ? [{ id: topic.id, title: topic.title.slice(0, MAX_TITLE), closed: topic.closed === true }]
      : [],
  );
}

function listed(entity: Api.TypeUser | Api.TypeChat | undefined): ListedChat | null {
  if (entity instanceof Api.Channel && !entity.left) {
    const title = entity.title.slice(0, MAX_TITLE);
    const kind = entity.broadcast ? "channel" : "group";
    return { ref: refOf(entity), title, kind, forum: entity.forum === true, mayWrite: mayWrite(entity) };
  }
  if (entity instanceof Api.Chat && !entity.left && !entity.deactivated)
    return { ref: refOf(entity), title: entity.title.slice(0, MAX_TITLE), kind: "group", forum: false, mayWrite: true };
  if (!(entity instanceof Api.User) || entity.self || entity.deleted) return null;
  const title = [entity.firstName, entity.lastName].filter(Boolean).join(" ").slice(0, MAX_TITLE);
  return { ref: refOf(entity), title, kind: "person", forum: false, mayWrite: true };
}

function mayWrite({ creator, broadcast, adminRights, bannedRights, defaultBannedRights }: Api.Channel): boolean {
  if (creator) return true;
  if (broadcast) return adminRights?.postMessages === true;
  return adminRights !== undefined || !(bannedRights?.sendMessages || defaultBannedRights?.sendMessages);
}

function refOf(entity: Api.Channel | Api.Chat | Api.User): string {
  const name = "username" in entity ? entity.username : undefined;
  return name ? `@${name}` : utils.getPeerId(entity);
}
