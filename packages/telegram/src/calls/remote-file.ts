import { Api } from "telegram";

/** How a client shows a video or a sound; without it, as a plain file. */
export interface FileLook {
  readonly video?: { readonly durationS: number; readonly width: number; readonly height: number; readonly round: boolean };
  readonly audio?: {
    readonly durationS: number;
    readonly voice: boolean;
    readonly title?: string;
    readonly performer?: string;
  };
  readonly animated?: boolean;
}

/** Properties of a photo or document, without its content. */
export interface FileFacts {
  readonly photo: boolean;
  readonly mime: string;
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly look: FileLook;
}

/**
 * A downloadable file of a message. `place` expires: Telegram drops its reference after some hours.
 */
export interface RemoteFile extends FileFacts {
  readonly place: Api.TypeInputFileLocation;
  /** The data centre that stores it. */
  readonly dc: number;
}

/** The file of a message; null = it has none. */
export function remoteFile(media: Api.TypeMessageMedia | undefined): RemoteFile | null {
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
  return {
    ...(video
      ? { video: { durationS: video.duration, width: video.w, height: video.h, round: video.roundMessage === true } }
      : {}),
    ...(audio ? { audio: audioLook(audio) } : {}),
    ...(animated ? { animated } : {}),
  };
}

function audioLook({ duration, voice, title, performer }: Api.DocumentAttributeAudio): NonNullable<FileLook["audio"]> {
  return { durationS: duration, voice: voice === true, ...(title ? { title } : {}), ...(performer ? { performer } : {}) };
}

/** The properties as attributes of a sent document. */
export function attributesOf({ name, look }: FileFacts): Api.TypeDocumentAttribute[] {
  const { video, audio, animated } = look;
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
  ];
}
