import { AppError, withoutUndefined } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import { messageEvent } from "../wire/content.ts";
import { markedId } from "../wire/marked.ts";
import { toApiEntities } from "./entities.ts";
import { type Ask, fetchMessages } from "./fetch-messages.ts";
import { sentIds } from "./sent-ids.ts";
import { type FormattedText, replyIn, type Target } from "./target.ts";

/** The account's other calls that {@link CopyCalls} uses. */
export interface CopyCallsDeps {
  readonly store: SessionStore;
  /** A call that only reads. */
  readonly ask: Ask;
  /** A call that writes, in its turn. */
  readonly act: <R extends Api.AnyRequest>(request: R, chat: string) => Promise<R["__response"]>;
  readonly peer: (chat: string) => Promise<Api.TypeInputPeer>;
  /**
   * Marked id of a readable chat, by its number or else by its name. Throws AppError
   * `unknown-peer`, `service-chat`.
   */
  readonly source: (chat: string, username: string | null) => Promise<string>;
}

/** Location of messages in one chat. */
export interface CopySource {
  readonly fromChat: string;
  readonly fromUsername: string | null;
}

/** One message to copy, with the text of the copy. */
export interface CopiedMessage extends FormattedText {
  readonly id: number;
  readonly randomId: string;
}

/**
 * Copies by reference, for what a forward cannot do: reply, and change the text
 * (https://core.telegram.org/method/messages.forwardMessages). Errors as in {@link AccountCalls},
 * and AppError `file-gone`, `protected-content`.
 */
export class CopyCalls {
  readonly #deps: CopyCallsDeps;

  constructor(deps: CopyCallsDeps) {
    this.#deps = deps;
  }

  /**
   * Sends photos and files of messages as new messages, in reply to a message. Returns their ids in
   * the target in the order of `messages`, null where Telegram does not return it; null for all =
   * one of them is of a kind that can only be forwarded.
   */
  async send(
    to: Target,
    from: CopySource,
    messages: readonly CopiedMessage[],
    replyTo: number | null,
  ): Promise<readonly (number | null)[] | null> {
    const [first] = messages;
    const media = await this.#media(
      from,
      messages.map(({ id }) => id),
    );
    const [only] = media;
    if (!first || !only || media.some((each) => each === null)) return null;
    const around = { peer: await this.#deps.peer(to.chat), ...replyIn(to, replyTo) };
    const randomIds = messages.map(({ randomId }) => randomId);
    if (messages.length === 1) {
      const request = new Api.messages.SendMedia({ ...around, ...this.#said(first), media: only });
      return sentIds(await this.#deps.act(request, to.chat), randomIds);
    }
    const multiMedia = messages.flatMap((message, n) => {
      const each = media[n];
      if (each) return [new Api.InputSingleMedia({ ...this.#said(message), media: each })];
      return [];
    });
    return sentIds(
      await this.#deps.act(new Api.messages.SendMultiMedia({ ...around, multiMedia }), to.chat),
      randomIds,
    );
  }

  /** Replaces the photo or file of a message of this account, and its text. */
  async replace(
    to: Target,
    id: number,
    from: CopySource & { readonly id: number },
    said: FormattedText,
  ): Promise<void> {
    const [media] = await this.#media(from, [from.id]);
    if (!media)
      throw new AppError(
        "file-gone",
        "The new picture or file cannot be put into the message that was delivered.",
      );
    const peer = await this.#deps.peer(to.chat);
    const entities = toApiEntities(said.entities, this.#deps.store);
    await this.#deps.act(
      new Api.messages.EditMessage({ peer, id, message: said.text, entities, media }),
      to.chat,
    );
  }

  async #media(
    from: CopySource,
    ids: readonly number[],
  ): Promise<readonly (Api.TypeInputMedia | null)[]> {
    const chat = await this.#deps.source(from.fromChat, from.fromUsername);
    const { messages, chats } = await fetchMessages(this.#deps, chat, ids);
    return ids.map((id) => {
      const message = messages.find(
        (each) => each instanceof Api.Message && each.id === id && markedId(each.peerId) === chat,
      );
      if (!(message instanceof Api.Message))
        throw new AppError("file-gone", "The message no longer exists.");
      const content = messageEvent(message, "new", { chats })?.content;
      if (content?.noforwards || (content?.ttlS ?? null) !== null)
        throw new AppError(
          "protected-content",
          "The owner restricts saving now: it is not copied.",
        );
      return byReference(message.media);
    });
  }

  #said({ text, entities, randomId }: CopiedMessage) {
    return {
      message: text,
      entities: toApiEntities(entities, this.#deps.store),
      randomId: bigInt(randomId),
    };
  }
}

/**
 * Input for a photo or file at Telegram, a place or a contact in a new message. Null = a new
 * message would differ (a poll loses its votes, a live location stops, dice roll again).
 */
export function byReference(media: Api.TypeMessageMedia | undefined): Api.TypeInputMedia | null {
  if (media instanceof Api.MessageMediaPhoto && media.photo instanceof Api.Photo) {
    const { id, accessHash, fileReference } = media.photo;
    return new Api.InputMediaPhoto({
      id: new Api.InputPhoto({ id, accessHash, fileReference }),
      spoiler: media.spoiler === true,
    });
  }
  if (media instanceof Api.MessageMediaDocument && media.document instanceof Api.Document) {
    const { id, accessHash, fileReference } = media.document;
    const document = new Api.InputDocument({ id, accessHash, fileReference });
    return new Api.InputMediaDocument({ id: document, spoiler: media.spoiler === true });
  }
  return byContent(media);
}

/** Media whose whole content is in the message. */
function byContent(media: Api.TypeMessageMedia | undefined): Api.TypeInputMedia | null {
  if (media instanceof Api.MessageMediaContact) {
    const { phoneNumber, firstName, lastName, vcard } = media;
    return new Api.InputMediaContact({ phoneNumber, firstName, lastName, vcard });
  }
  if (!(media instanceof Api.MessageMediaGeo || media instanceof Api.MessageMediaVenue))
    return null;
  if (!(media.geo instanceof Api.GeoPoint)) return null;
  const { lat, long, accuracyRadius } = media.geo;
  const geoPoint = new Api.InputGeoPoint({ lat, long, ...withoutUndefined({ accuracyRadius }) });
  if (media instanceof Api.MessageMediaGeo) return new Api.InputMediaGeoPoint({ geoPoint });
  const { title, address, provider, venueId, venueType } = media;
  return new Api.InputMediaVenue({ geoPoint, title, address, provider, venueId, venueType });
}
