import type { TextEntity } from "@flotilla/contracts";
import type { MessageEntity } from "grammy/types";

/**
 * Telegram finds mentions, links and the like by itself; a mention by id needs a user object, which
 * is not known here.
 */
export function toBotEntity({
  kind,
  offset,
  length,
  url,
  language,
  emojiId,
}: TextEntity): MessageEntity[] {
  switch (kind) {
    case "bold":
    case "italic":
    case "underline":
    case "strikethrough":
    case "spoiler":
    case "blockquote":
    case "expandable_blockquote":
    case "code":
      return [{ type: kind, offset, length }];
    case "pre":
      return [{ type: "pre", offset, length, ...(language === undefined ? {} : { language }) }];
    case "text_link":
      return url === undefined ? [] : [{ type: "text_link", offset, length, url }];
    case "custom_emoji":
      return emojiId === undefined
        ? []
        : [{ type: "custom_emoji", offset, length, custom_emoji_id: emojiId }];
    default:
      return [];
  }
}
