import { withoutUndefined } from "@flotilla/kernel";
import { Api } from "telegram";

/** How a client shows a video or a sound; without it, as a plain file. */
export interface FileLook {
  readonly video?: {
    readonly durationS: number;
    readonly width: number;
    readonly height: number;
    readonly round: boolean;
  };
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
  const file = fileOf(media);
  const isHidden =
    (media instanceof Api.MessageMediaPhoto || media instanceof Api.MessageMediaDocument) &&
    media.spoiler === true;
  if (file && isHidden) return { ...file, look: { ...file.look, spoiler: true } };
  return file;
}

function fileOf(media: Api.TypeMessageMedia | undefined): RemoteFile | null {
  if (media instanceof Api.MessageMediaPhoto && media.photo instanceof Api.Photo)
    return photoFile(media.photo);
  if (media instanceof Api.MessageMediaDocument && media.document instanceof Api.Document)
    return documentFile(media.document);
  return null;
}

function photoFile(photo: Api.Photo): RemoteFile | null {
  const largest = photo.sizes.flatMap(sized).sort((a, b) => b.bytes - a.bytes)[0];
  if (!largest) return null;
  const { id, accessHash, fileReference } = photo;
  const place = new Api.InputPhotoFileLocation({
    id,
    accessHash,
    fileReference,
    thumbSize: largest.type,
  });
  return {
    photo: true,
    mime: "image/jpeg",
    name: null,
    sizeBytes: largest.bytes,
    look: {},
    place,
    dc: photo.dcId,
  };
}

function sized(size: Api.TypePhotoSize): { readonly type: string; readonly bytes: number }[] {
  if (size instanceof Api.PhotoSize) return [{ type: size.type, bytes: size.size }];
  if (size instanceof Api.PhotoSizeProgressive)
    return [{ type: size.type, bytes: Math.max(0, ...size.sizes) }];
  return [];
}

function documentFile({
  id,
  accessHash,
  fileReference,
  mimeType,
  size,
  attributes,
  dcId,
}: Api.Document): RemoteFile {
  const place = new Api.InputDocumentFileLocation({ id, accessHash, fileReference, thumbSize: "" });
  const named = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeFilename);
  const name = named?.fileName ?? null;
  return {
    photo: false,
    mime: mimeType,
    name,
    sizeBytes: Number(size),
    look: lookOf(attributes),
    place,
    dc: dcId,
  };
}

function lookOf(attributes: readonly Api.TypeDocumentAttribute[]): FileLook {
  const video = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeVideo);
  const audio = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeAudio);
  const animated = attributes.some(
    (attribute) => attribute instanceof Api.DocumentAttributeAnimated,
  );
  const sticker = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeSticker);
  return withoutUndefined({
    video: video && videoLook(video),
    audio: audio && audioLook(audio),
    animated: animated || undefined,
    sticker: sticker?.alt,
  });
}

function videoLook({
  duration,
  w,
  h,
  roundMessage,
}: Api.DocumentAttributeVideo): NonNullable<FileLook["video"]> {
  return { durationS: duration, width: w, height: h, round: roundMessage === true };
}

function audioLook({
  duration,
  voice,
  title,
  performer,
}: Api.DocumentAttributeAudio): NonNullable<FileLook["audio"]> {
  const names = withoutUndefined({ title: title || undefined, performer: performer || undefined });
  return { durationS: duration, voice: voice === true, ...names };
}

/** The properties as attributes of a sent document. */
export function attributesOf({ name, look }: FileFacts): Api.TypeDocumentAttribute[] {
  const { video, audio, animated, sticker } = look;
  const attributes: Api.TypeDocumentAttribute[] = [];
  if (name !== null) attributes.push(new Api.DocumentAttributeFilename({ fileName: name }));
  if (video) attributes.push(videoAttribute(video));
  if (audio) attributes.push(audioAttribute(audio));
  if (animated === true) attributes.push(new Api.DocumentAttributeAnimated());
  if (sticker !== undefined) attributes.push(stickerAttribute(sticker));
  return attributes;
}

/** The set of a sticker may belong to another account, so it is left out. */
function stickerAttribute(alt: string): Api.DocumentAttributeSticker {
  return new Api.DocumentAttributeSticker({ alt, stickerset: new Api.InputStickerSetEmpty() });
}

function videoAttribute({
  durationS,
  width,
  height,
  round,
}: NonNullable<FileLook["video"]>): Api.DocumentAttributeVideo {
  const size = { w: width, h: height };
  return new Api.DocumentAttributeVideo({
    duration: durationS,
    ...size,
    roundMessage: round,
    supportsStreaming: true,
  });
}

function audioAttribute({
  durationS,
  voice,
  title,
  performer,
}: NonNullable<FileLook["audio"]>): Api.DocumentAttributeAudio {
  return new Api.DocumentAttributeAudio({
    duration: durationS,
    voice,
    ...withoutUndefined({ title, performer }),
  });
}
