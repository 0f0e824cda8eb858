import { randomBytes } from "node:crypto";
import type { BotEntity, BotFile, BotFileKind } from "../world/port.ts";
import type { GroupCall } from "./methods-group.ts";
import type { Params } from "./params.ts";
import { refusal } from "./refusal.ts";
import { captionText, type TextInput } from "./text/rich-text.ts";

/** Which field of a call has the file, by the method. */
export const FILE_FIELDS: Readonly<Record<string, BotFileKind>> = {
  sendPhoto: "photo",
  sendDocument: "document",
  sendVideo: "video",
  sendAnimation: "animation",
  sendAudio: "audio",
  sendVoice: "voice",
  sendVideoNote: "video_note",
  sendSticker: "sticker",
};

/** A text with its formatting. */
interface Spoken {
  readonly text: string;
  readonly entities: BotEntity[];
}

/** A file with its caption, as an album or an edit names it (https://core.telegram.org/bots/api#inputmedia). */
interface Part {
  readonly file: BotFile;
  readonly said: Spoken;
}

/** The file of a call. Known file ids and links are not modelled in groups. */
export function sentFile(params: Params, kind: BotFileKind, value = params.text(kind)): BotFile {
  const upload = params.upload(kind, value);
  if (upload === undefined) throw refusal(400, `there is no ${kind} in the request`);
  if (upload.bytes.length === 0) throw refusal(400, "file must be non-empty");
  return { kind, ...upload };
}

export function spokenCaption(input: TextInput): Spoken {
  const { text, entities } = captionText(input);
  return {
    text,
    entities: entities.map(({ type, offset, length, url, language }) => ({ type, offset, length, url, language })),
  };
}

/** sendMediaGroup: the ids of its messages follow each other. */
export function albumParts({ params }: GroupCall): Part[] {
  const given = params.json("media");
  if (!Array.isArray(given) || given.length < 2 || given.length > 10)
    throw refusal(400, "media group must contain from 2 to 10 messages");
  return given.map((each: unknown) => mediaPart(params, each));
}

/** One InputMedia. */
export function mediaPart(params: Params, given: unknown): Part {
  const { type, media, caption, parse_mode: parseMode, caption_entities: entities } = (given ?? {}) as Record<string, unknown>;
  const kind = Object.values(FILE_FIELDS).find((each) => each === type);
  if (kind === undefined || typeof media !== "string") throw refusal(400, "can't parse InputMedia");
  const text = typeof caption === "string" ? caption : "";
  const mode = typeof parseMode === "string" ? parseMode : undefined;
  return { file: sentFile(params, kind, media), said: spokenCaption({ text, parseMode: mode, entities }) };
}

/** The same in all messages of one album. */
export function newAlbum(): bigint {
  return BigInt(`0x1${randomBytes(6).toString("hex")}`);
}
