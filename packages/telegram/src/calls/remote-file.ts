import { Api } from "telegram";

/** How a video or a sound is shown; without it a client shows a plain file. */
export interface FileLook {
  readonly video?: { readonly durationS: number; readonly width: number; readonly height: number; readonly round: boolean };
  readonly audio?: {
    readonly durationS: number;
    readonly voice: boolean;
    readonly title?: string;
    readonly performer?: string;
  };
  readonly animated?: boolean;
  /** The emoji that a sticker stands for; may be empty. */
  readonly sticker?: string;
  /** Hidden until it is tapped. */
  readonly spoiler?: boolean;
}

/** What a photo or a document is, without what it holds. */
export interface FileFacts {
  readonly photo: boolean;
  readonly mime: string;
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly look: FileLook;
}

/** A file of a message that can be downloaded. The place ages: Telegram forgets its reference after some hours. */
export interface RemoteFile extends FileFacts {
  readonly place: Api.TypeInputFileLocation;
  /** The data centre that keeps it. */
  readonly dc: number;
}

/** The file of a message, or null when it has none. */
export function remoteFile(media: Api.TypeMessageMedia | undefined): RemoteFile | null {
  const file = fileOf(media);
  const isHidden =
    (media instanceof Api.MessageMediaPhoto || media instanceof Api.MessageMediaDocument) && media.spoiler === true;
  return file && isHidden ? { ...file, look: { ...file.look, spoiler: true } } : file;
}

function fileOf(media: Api.TypeMessageMedia | undefined): RemoteFile | null {
  if (media instanceof Api.MessageMediaPhoto && media.photo instanceof Api.Photo) return photoFile(media.photo);
  if (media instanceof Api.MessageMediaDocument && media.document instanceof Api.Document) return documentFile(media.document);
  return null;
}

function photoFile(photo: Api.Photo): RemoteFile | null {
  const largest = photo.sizes.flatMap(sized).sort((a, b) => b.bytes - a.bytes)[0];
  if (!largest) return null;
  const { id, accessHash, fileReference } = photo;
  const place = new Api.InputPhotoFileLocation({ id, accessHash, fileReference, thumbSize: largest.type });
  return { photo: true, mime: "image/jpeg", name: null, sizeBytes: largest.bytes, look: {}, place, dc: photo.dcId };
}

function sized(size: Api.TypePhotoSize): { readonly type: string; readonly bytes: number }[] {
  if (size instanceof Api.PhotoSize) return [{ type: size.type, bytes: size.size }];
  if (size instanceof Api.PhotoSizeProgressive) return [{ type: size.type, bytes: Math.max(0, ...size.sizes) }];
  return [];
}

function documentFile({ id, accessHash, fileReference, mimeType, size, attributes, dcId }: Api.Document): RemoteFile {
  const place = new Api.InputDocumentFileLocation({ id, accessHash, fileReference, thumbSize: "" });
  const named = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeFilename);
  const name = named?.fileName ?? null;
  return { photo: false, mime: mimeType, name, sizeBytes: Number(size), look: lookOf(attributes), place, dc: dcId };
}

function lookOf(attributes: readonly Api.TypeDocumentAttribute[]): FileLook {
  const video = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeVideo);
  const audio = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeAudio);
  const animated = attributes.some((attribute) => attribute instanceof Api.DocumentAttributeAnimated);
  const sticker = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeSticker);
  return {
    ...(video
      ? { video: { durationS: video.duration, width: video.w, height: video.h, round: video.roundMessage === true } }
      : {}),
    ...(audio ? { audio: audioLook(audio) } : {}),
    ...(animated ? { animated } : {}),
    ...(sticker ? { sticker: sticker.alt } : {}),
  };
}

function audioLook({ duration, voice, title, performer }: Api.DocumentAttributeAudio): NonNullable<FileLook["audio"]> {
  return { durationS: duration, voice: voice === true, ...(title ? { title } : {}), ...(performer ? { performer } : {}) };
}

/** The same for one that is sent. */
export function attributesOf({ name, look }: FileFacts): Api.TypeDocumentAttribute[] {
  const { video, audio, animated, sticker } = look;
  return [
    ...(name === null ? [] : [new Api.DocumentAttributeFilename({ fileName: name })]),
    ...(video
      ? [
          new Api.DocumentAttributeVideo({
            duration: video.durationS,
            w: video.width,
            h: video.height,
            roundMessage: video.round,
            supportsStreaming: true,
          }),
        ]
      : []),
    ...(audio
      ? [
          new Api.DocumentAttributeAudio({
            duration: audio.durationS,
            voice: audio.voice,
            ...(audio.title === undefined ? {} : { title: audio.title }),
            ...(audio.performer === undefined ? {} : { performer: audio.performer }),
          }),
        ]
      : []),
    ...(animated === true ? [new Api.DocumentAttributeAnimated()] : []),
    // Its set may belong to another account: a sticker alone is one, too.
    ...(sticker === undefined
      ? []
      : [new Api.DocumentAttributeSticker({ alt: sticker, stickerset: new Api.InputStickerSetEmpty() })]),
  ];
}
