import { randomInt } from "node:crypto";
import type { NewFile } from "../world/views.ts";
import {
  answeredIn,
  type GroupCall,
  groupMessageView,
  placed,
  spoken,
  topicOf,
} from "./group-call.ts";
import { fileMime, photoImage } from "./media.ts";
import { refusal } from "./model/refusal.ts";
import type { Params, Upload } from "./params.ts";
import { captionText } from "./text/rich-text.ts";

/** https://core.telegram.org/bots/api#sendmediagroup */
const ALBUM = { least: 2, most: 10 };

/** Which parameter holds the file, and what it is shown as. */
const SENT = {
  sendPhoto: ["photo", "photo"],
  sendDocument: ["document", "document"],
  sendVideo: ["video", "video"],
  sendAnimation: ["animation", "animation"],
  sendAudio: ["audio", "audio"],
  sendVoice: ["voice", "voice"],
  sendVideoNote: ["video_note", "round"],
  sendSticker: ["sticker", "sticker"],
} as const;
const PART_KINDS = ["photo", "video", "audio", "document", "animation"] as const;
type PartKind = (typeof PART_KINDS)[number];

/** Files in channels and supergroups: uploads alone. */
export const groupMediaMethods: Record<string, (call: GroupCall) => unknown> = {
  ...Object.fromEntries(
    Object.entries(SENT).map(([name, [field, kind]]) => [
      name,
      (call: GroupCall): unknown => {
        const { params } = call;
        const file = newFile(params.upload(field), field, kind, numbers(params));
        const { text, entities } = spoken(params, "caption");
        const more = { topic: topicOf(call), replyTo: answeredIn(call), entities, file };
        return groupMessageView(call.backend, call.chat, call.bot.send(call.chat, text, more));
      },
    ]),
  ),
  sendMediaGroup(call) {
    const parts = call.params.json("media");
    if (!Array.isArray(parts) || parts.length < ALBUM.least || parts.length > ALBUM.most)
      throw refusal(400, "wrong number of media in the album");
    const read = parts.map((part) => inputMedia(call.params, part));
    const kinds = new Set(
      read.map(({ file: { kind } }) => (kind === "photo" || kind === "video" ? "visual" : kind)),
    );
    if (kinds.size > 1)
      throw refusal(400, "can't use the media of the specified type in the album");
    const [topic, replyTo, groupedId] = [
      topicOf(call),
      answeredIn(call),
      String(randomInt(2 ** 47)),
    ];
    return read.map(({ text, entities, file }) => {
      const said = call.bot.send(call.chat, text, { topic, replyTo, entities, file, groupedId });
      return groupMessageView(call.backend, call.chat, said);
    });
  },
  editMessageCaption({ backend, params, bot, chat }) {
    const { text, entities } = spoken(params, "caption");
    const id = params.integer("message_id") ?? 0;
    if (bot.message(chat, id)?.media === false)
      throw refusal(400, "there is no caption in the message to edit");
    return groupMessageView(backend, chat, bot.edit(chat, id, text, entities));
  },
  editMessageMedia({ backend, params, bot, chat }) {
    const { text, entities, file } = inputMedia(params, params.json("media"));
    return groupMessageView(
      backend,
      chat,
      bot.edit(chat, params.integer("message_id") ?? 0, text, entities, file),
    );
  },
};

/** What only these chats model: a private one refuses it. */
export const GROUP_MEDIA_NAMES = Object.keys(groupMediaMethods);

function inputMedia(
  params: Params,
  part: unknown,
): ReturnType<typeof spoken> & { readonly file: NewFile } {
  const {
    type,
    media,
    caption = "",
    caption_entities: entities,
    ...more
  } = (part ?? {}) as Record<string, unknown>;
  const kind = PART_KINDS.find((each) => each === type);
  if (kind === undefined)
    throw refusal(400, `can't parse InputMedia: media type "${String(type)}" is not modelled`);
  const said = placed(captionText({ text: String(caption), parseMode: undefined, entities }));
  const file = newFile(
    params.upload(kind, typeof media === "string" ? media : undefined),
    kind,
    kind,
    look(more),
  );
  return { ...said, file };
}

function newFile(
  upload: Upload | undefined,
  field: string,
  kind: PartKind | NewFile["kind"],
  shown: Partial<NewFile>,
): NewFile {
  if (upload === undefined) throw refusal(400, `there is no ${field} in the request`);
  const { name, bytes } = upload;
  const mime = kind === "photo" ? photoImage(upload).mime : fileMime(upload);
  return {
    name,
    mime,
    base64: Buffer.from(bytes).toString("base64"),
    ...shown,
    ...(kind === undefined ? {} : { kind }),
  };
}

function numbers(params: Params): Partial<NewFile> {
  const given = ["duration", "width", "height"].map((name) => [name, params.integer(name)]);
  return look({
    ...Object.fromEntries(given),
    title: params.text("title"),
    performer: params.text("performer"),
  });
}

function look({
  duration,
  width,
  height,
  title,
  performer,
}: Record<string, unknown>): Partial<NewFile> {
  return {
    ...(typeof duration === "number" ? { durationS: duration } : {}),
    ...(typeof width === "number" ? { width } : {}),
    ...(typeof height === "number" ? { height } : {}),
    ...(typeof title === "string" ? { title } : {}),
    ...(typeof performer === "string" ? { performer } : {}),
  };
}
