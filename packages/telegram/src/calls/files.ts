import { AppError } from "@flotilla/kernel";
import type { SessionStore } from "@flotilla/session-store";
import bigInt from "big-integer";
import { Api } from "telegram";
import { messageEvent } from "../wire/content.ts";
import { markedId } from "../wire/marked.ts";
import { migrationOf } from "../wire/migration.ts";
import { byReference } from "./copies.ts";
import { toApiEntities } from "./entities.ts";
import { type Ask, fetchMessages } from "./fetch-messages.ts";
import { attributesOf, type FileFacts, type RemoteFile, remoteFile } from "./remote-file.ts";
import { sentIds } from "./sent-ids.ts";
import { type FormattedText, replyIn, type Target } from "./target.ts";

/**
 * Bytes of one part: divides a megabyte, as Telegram requires, and takes less than a second on a
 * slow line.
 */
export const PART_BYTES = 128 * 1024;
/**
 * Size from which parts are saved with saveBigFilePart, in bytes
 * (https://core.telegram.org/api/files#uploading-files).
 */
const BIG_BYTES = 10 * 1024 * 1024;

/** The account's other calls that {@link FileCalls} uses. */
export interface FileCallsDeps {
  readonly store: SessionStore;
  /** A call that only reads. */
  readonly ask: Ask;
  /** Such a call in a data centre that stores files. */
  readonly askIn: <R extends Api.AnyRequest>(dc: number, request: R) => Promise<R["__response"]>;
  /** A call that writes: checks the right to act, and new messages wait for their turn. */
  readonly act: <R extends Api.AnyRequest>(request: R, chat: string) => Promise<R["__response"]>;
  readonly peer: (chat: string) => Promise<Api.TypeInputPeer>;
  /** Marked id of a readable chat. Throws AppError `unknown-peer`, `service-chat`. */
  readonly known: (chat: string) => Promise<string>;
}

/** A file whose parts are at Telegram, and its message. `id`: decimal, as its parts were saved. */
export interface UploadedFile extends FormattedText {
  readonly facts: FileFacts;
  readonly id: string;
  readonly randomId: string;
}

/**
 * Files in parts: memory holds one part at a time. Reads in the data centre of the file, saves in
 * the account's own. Errors as in {@link AccountCalls}.
 */
export class FileCalls {
  readonly #deps: FileCallsDeps;

  constructor(deps: FileCallsDeps) {
    this.#deps = deps;
  }

  /**
   * The file of a message, with a fresh reference. Throws AppError `file-gone`, and
   * `protected-content` for a file that may not be copied.
   */
  async find(ref: string, id: number): Promise<RemoteFile> {
    const chat = await this.#deps.known(ref);
    const { messages, chats } = await fetchMessages(this.#deps, chat, [id]);
    const [message] = messages;
    const content = messageEvent(message, "new", { chats })?.content;
    if (content?.noforwards || (content?.ttlS ?? null) !== null)
      throw new AppError("protected-content", "The owner restricts saving now: it is not copied.");
    // Private chats and basic groups share one sequence of ids: the message must belong to the
    // requested chat.
    const isThere = message instanceof Api.Message && markedId(message.peerId) === chat;
    const file = isThere ? remoteFile(message.media) : null;
    if (!file) throw new AppError("file-gone", "The message has no file any more.");
    return file;
  }

  /**
   * Reads one part from a multiple of {@link PART_BYTES} on; shorter at the end. On
   * FILE_REFERENCE_EXPIRED, find the file again.
   */
  async read({ place, dc }: RemoteFile, offset: number): Promise<Buffer> {
    const request = new Api.upload.GetFile({
      location: place,
      offset: bigInt(offset),
      limit: PART_BYTES,
      precise: true,
    });
    const answer = await this.#deps.askIn(dc, request).catch((error: unknown) => {
      const moved = migrationOf(error);
      if (moved === null) throw error;
      return this.#deps.askIn(moved, request);
    });
    if (answer instanceof Api.upload.File) return Buffer.from(answer.bytes);
    throw new AppError(
      "file-elsewhere",
      "Telegram wants this file to be fetched from another place.",
    );
  }

  /** Saves one part of a file under an id (decimal) of the caller's choice. Idempotent. */
  async save(id: string, part: number, bytes: Buffer, sizeBytes: number): Promise<void> {
    const fileId = bigInt(id);
    const fileTotalParts = Math.ceil(sizeBytes / PART_BYTES);
    const request =
      sizeBytes > BIG_BYTES
        ? new Api.upload.SaveBigFilePart({ fileId, filePart: part, fileTotalParts, bytes })
        : new Api.upload.SaveFilePart({ fileId, filePart: part, bytes });
    await this.#deps.act(request, "");
  }

  /**
   * Sends files whose parts are saved: one message, or an album. Returns the ids in the target, in
   * order.
   */
  async send(
    to: Target,
    files: readonly UploadedFile[],
    replyTo: number | null,
  ): Promise<readonly (number | null)[]> {
    const [first] = files;
    if (!first) return [];
    const peer = await this.#deps.peer(to.chat);
    const around = { peer, ...replyIn(to, replyTo) };
    const randomIds = files.map(({ randomId }) => randomId);
    if (files.length === 1) {
      const request = new Api.messages.SendMedia({
        ...around,
        ...this.#said(first),
        media: uploaded(first),
      });
      return sentIds(await this.#deps.act(request, to.chat), randomIds);
    }
    const multiMedia: Api.InputSingleMedia[] = [];
    for (const file of files) {
      const media = await this.#deps.act(
        new Api.messages.UploadMedia({ peer, media: uploaded(file) }),
        "",
      );
      multiMedia.push(new Api.InputSingleMedia({ ...this.#said(file), media: kept(media, file) }));
    }
    return sentIds(
      await this.#deps.act(new Api.messages.SendMultiMedia({ ...around, multiMedia }), to.chat),
      randomIds,
    );
  }

  #said({ text, entities, randomId }: UploadedFile) {
    return {
      message: text,
      entities: toApiEntities(entities, this.#deps.store),
      randomId: bigInt(randomId),
    };
  }
}

function uploaded({ facts, id }: UploadedFile): Api.TypeInputMedia {
  const { photo, sizeBytes, mime, look } = facts;
  const parts = Math.ceil(sizeBytes / PART_BYTES);
  const name = facts.name ?? (photo ? "photo.jpg" : "file");
  const file =
    sizeBytes > BIG_BYTES
      ? new Api.InputFileBig({ id: bigInt(id), parts, name })
      : new Api.InputFile({ id: bigInt(id), parts, name, md5Checksum: "" });
  const spoiler = look.spoiler === true;
  if (photo) return new Api.InputMediaUploadedPhoto({ file, spoiler });
  const { video, audio, animated, sticker } = look;
  const forceFile =
    video === undefined && audio === undefined && animated !== true && sticker === undefined;
  return new Api.InputMediaUploadedDocument({
    file,
    mimeType: mime,
    attributes: attributesOf(facts),
    forceFile,
    spoiler,
  });
}

/** An uploaded file as input for an album. */
function kept(media: Api.TypeMessageMedia, { facts }: UploadedFile): Api.TypeInputMedia {
  const known = byReference(media);
  if (known && "spoiler" in known) known.spoiler = facts.look.spoiler === true;
  if (!known) throw new AppError("file-gone", "Telegram did not take the file.");
  return known;
}
