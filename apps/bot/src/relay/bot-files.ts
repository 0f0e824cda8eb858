import type { CopiedFile, DeliveryStep, MediaKind } from "@flotilla/contracts";
import type { FileReader, FileSource } from "@flotilla/files";
import { withoutNullish } from "@flotilla/kernel";
import { type Api, InputFile } from "grammy";
import type {
  InputMedia,
  InputMediaPhoto,
  InputMediaVideo,
  MessageEntity,
  ReplyParameters,
} from "grammy/types";
import { toBotEntity } from "./bot-entities.ts";

/** In which topic a message is, and what it answers. */
export interface Around {
  readonly message_thread_id?: number;
  readonly reply_parameters?: ReplyParameters;
}

type Upload = Extract<DeliveryStep, { kind: "upload" }>;
type Replacement = Extract<DeliveryStep, { kind: "edit" }> & {
  readonly file: CopiedFile & { readonly row: number };
};

/**
 * Files that readers have downloaded, uploaded by the bot
 * (https://core.telegram.org/bots/api#sending-files).
 */
export class BotFiles {
  readonly #api: Api;
  readonly #reader: FileReader;

  constructor(api: Api, reader: FileReader) {
    this.#api = api;
    this.#reader = reader;
  }

  /**
   * One file, or an album. Returns the ids of its messages. Throws AppError `file-missing`,
   * `file-host-away`, GrammyError, HttpError.
   */
  async send(
    chat: string,
    around: Around,
    from: FileSource,
    { row, files }: Upload,
  ): Promise<number[]> {
    const [first] = files;
    if (!first) return [];
    if (files.length === 1)
      return [await this.#one(chat, around, first, await this.#input(from, row, first))];
    const album = await Promise.all(
      files.map(async (file) => albumPart(file, await this.#input(from, row, file))),
    );
    // Telegram has no albums of several kinds but those of photos and videos.
    const group = album as readonly (InputMediaPhoto | InputMediaVideo)[];
    return (await this.#api.sendMediaGroup(chat, group, around)).map(
      ({ message_id }) => message_id,
    );
  }

  /** Puts another photo or file into a message, with its text. Throws as {@link send}. */
  async replace(
    chat: string,
    from: FileSource,
    { message, text, entities, file }: Replacement,
  ): Promise<void> {
    const input = await this.#input(from, file.row, file);
    const said = { ...file, text, entities };
    // An album has no such part, an edit does.
    const media: InputMedia =
      file.kind === "animation"
        ? { type: "animation", media: input, ...captionOf(said), ...shape(said) }
        : albumPart(said, input);
    await this.#api.editMessageMedia(chat, message, media);
  }

  async #input(
    from: FileSource,
    row: number,
    { message, name, photo, kind, mime, sizeBytes }: CopiedFile,
  ): Promise<InputFile> {
    const wanted = { ...from, row, message, sizeBytes };
    const local = this.#reader.localPath(wanted);
    const called = quoted(name ?? nameOf(photo, kind, mime));
    if (local !== null) return new InputFile(local, called);
    // Whole, because grammY hides the reason of an upload that breaks off; at most 50 MB.
    const parts: Buffer[] = [];
    for await (const part of this.#reader.parts(wanted)) parts.push(part);
    return new InputFile(Buffer.concat(parts), called);
  }

  async #one(chat: string, around: Around, file: CopiedFile, input: InputFile): Promise<number> {
    const { look, photo, kind } = file;
    const { video, audio } = look;
    const api = this.#api;
    const how = { ...around, ...captionOf(file) };
    if (photo) return (await api.sendPhoto(chat, input, { ...how, ...hidden(file) })).message_id;
    // A round video takes no caption: with one, it is shown as any other.
    if (video?.round && file.text === "")
      return (
        await api.sendVideoNote(chat, input, {
          ...around,
          duration: Math.round(video.durationS),
          length: video.width,
        })
      ).message_id;
    switch (kind) {
      case "video":
        return (await api.sendVideo(chat, input, { ...how, ...shape(file) })).message_id;
      case "animation":
        return (await api.sendAnimation(chat, input, { ...how, ...shape(file) })).message_id;
      case "voice":
        return (
          await api.sendVoice(chat, input, { ...how, duration: Math.round(audio?.durationS ?? 0) })
        ).message_id;
      case "audio":
        return (await api.sendAudio(chat, input, { ...how, ...sound(file) })).message_id;
      case "sticker":
        return (await api.sendSticker(chat, input, around)).message_id;
      default:
        return (await api.sendDocument(chat, input, how)).message_id;
    }
  }
}

/** A file as an album or an edit takes it: what has no kind of its own there is a document. */
function albumPart(file: CopiedFile, media: InputFile): Exclude<InputMedia, { type: "animation" }> {
  const said = captionOf(file);
  if (file.photo) return { type: "photo", media, ...said, ...hidden(file) };
  if (file.kind === "video") return { type: "video", media, ...said, ...shape(file) };
  if (file.kind === "audio") return { type: "audio", media, ...said, ...sound(file) };
  return { type: "document", media, ...said };
}

function captionOf({ text, entities }: Pick<CopiedFile, "text" | "entities">): {
  caption?: string;
  caption_entities?: MessageEntity[];
} {
  return text === "" ? {} : { caption: text, caption_entities: entities.flatMap(toBotEntity) };
}

function hidden({ look }: CopiedFile): { has_spoiler?: true } {
  return look.spoiler === true ? { has_spoiler: true } : {};
}

function shape(file: CopiedFile): {
  duration?: number;
  width?: number;
  height?: number;
  supports_streaming?: true;
  has_spoiler?: true;
} {
  const { video } = file.look;
  if (!video) return hidden(file);
  return {
    ...hidden(file),
    duration: Math.round(video.durationS),
    width: video.width,
    height: video.height,
    supports_streaming: true,
  };
}

function sound({ look: { audio } }: CopiedFile): {
  duration?: number;
  title?: string;
  performer?: string;
} {
  if (!audio) return {};
  const { durationS, title, performer } = audio;
  return {
    duration: Math.round(durationS),
    ...withoutNullish({ title, performer }),
  };
}

/**
 * grammY writes a name into the form as it is, so that one with `;`, `=` or letters beyond ASCII
 * breaks the form or is cut. In quotes it is whole
 * (https://www.rfc-editor.org/rfc/rfc7578#section-4.2).
 */
function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, "'").replace(/\p{Cc}+/gu, " ")}"`;
}

/** What has no name of its own needs one whose end says what it is. */
function nameOf(photo: boolean, kind: MediaKind | undefined, mime: string): string {
  if (photo) return "photo.jpg";
  if (kind === "sticker") return STICKERS[mime] ?? "sticker.webp";
  return (kind === undefined ? undefined : NAMES[kind]) ?? "file";
}

const STICKERS: Readonly<Record<string, string>> = {
  "application/x-tgsticker": "sticker.tgs",
  "video/webm": "sticker.webm",
};
const NAMES: Partial<Record<MediaKind, string>> = {
  video: "video.mp4",
  animation: "animation.mp4",
  voice: "voice.ogg",
  audio: "audio.mp3",
};
