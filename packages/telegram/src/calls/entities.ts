import type { SessionStore, TextEntity } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";

type Place = { readonly offset: number; readonly length: number };

const PLAIN: Readonly<Record<string, new (place: Place) => Api.TypeMessageEntity>> = {
  bold: Api.MessageEntityBold,
  italic: Api.MessageEntityItalic,
  underline: Api.MessageEntityUnderline,
  strikethrough: Api.MessageEntityStrike,
  spoiler: Api.MessageEntitySpoiler,
  blockquote: Api.MessageEntityBlockquote,
  code: Api.MessageEntityCode,
};

/** Formatting as input for calls. Leaves out what the server detects (links, mentions, tags). */
export function toApiEntities(
  entities: readonly TextEntity[],
  store: SessionStore,
): Api.TypeMessageEntity[] {
  return entities.flatMap((entity) => toApi(entity, store) ?? []);
}

function toApi(
  { kind, offset, length, ...more }: TextEntity,
  store: SessionStore,
): Api.TypeMessageEntity | null {
  const place = { offset, length };
  if (kind === "expandable_blockquote")
    return new Api.MessageEntityBlockquote({ ...place, collapsed: true });
  if (kind === "pre") return new Api.MessageEntityPre({ ...place, language: more.language ?? "" });
  if (kind === "text_link" && more.url)
    return new Api.MessageEntityTextUrl({ ...place, url: more.url });
  if (kind === "custom_emoji" && more.emojiId)
    return new Api.MessageEntityCustomEmoji({ ...place, documentId: bigInt(more.emojiId) });
  if (kind === "text_mention" && more.userId) return mention(place, more.userId, store);
  const Plain = Object.hasOwn(PLAIN, kind) ? PLAIN[kind] : undefined;
  return Plain ? new Plain(place) : null;
}

/** Null for a user that this account has never seen, who cannot be mentioned: the text stays. */
function mention(place: Place, userId: string, store: SessionStore): Api.TypeMessageEntity | null {
  const hash = store.entities.byId(userId)?.hash;
  if (hash === undefined) return null;
  const user = new Api.InputUser({ userId: bigInt(userId), accessHash: bigInt(hash) });
  return new Api.InputMessageEntityMentionName({ ...place, userId: user });
}
