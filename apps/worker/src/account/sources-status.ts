import type { SourcesStatus } from "@flotilla/contracts";
import type { SessionStore } from "@flotilla/session-store";
import type { QuietChat } from "@flotilla/telegram";

/** Most chats named in a status; the counts cover all. */
const NAMED = 20;
const TITLE_CHARS = 64;

/** The state of the chats that this worker's routes read. */
export function sourcesStatus(
  store: SessionStore,
  wanted: ReadonlySet<string>,
  { checkedAt, chats }: { readonly checkedAt: number | null; readonly chats: readonly QuietChat[] },
): SourcesStatus {
  const title = (chat: string): string => titleOf(store, chat);
  const closed = store.updates.sources.closed().filter(({ chat }) => wanted.has(chat));
  const quiet = chats.filter(({ chat }) => wanted.has(chat));
  return {
    checkedAt,
    readable: wanted.size - closed.length,
    closed: closed
      .slice(0, NAMED)
      .map(({ chat, closed: reason }) => ({ chat, title: title(chat), reason: reason ?? "" })),
    quiet: quiet.slice(0, NAMED).map((each) => ({ ...each, title: title(each.chat) })),
  };
}

/** The chat's public name, else its title. */
function titleOf(store: SessionStore, chat: string): string {
  const entity = store.entities.byId(chat);
  return (entity?.username ? `@${entity.username}` : (entity?.name ?? chat)).slice(0, TITLE_CHARS);
}
