import type { BotBackend } from "./backend.ts";
import { type ImageInfo, imageInfo } from "./images.ts";
import { refusal } from "./model/refusal.ts";
import type { Media } from "./model/types.ts";
import type { Params, Upload } from "./params.ts";

const PHOTO_BYTES = 10 * 1024 * 1024;
const FILE_BYTES = 50 * 1024 * 1024;
const PHOTO_SIDES = 10_000;
const PHOTO_RATIO = 20;

/**
 * The photo or document a call brings: an upload, `attach://`, or a known file id. Links are
 * refused: nothing leaves this machine.
 */
export function readMedia(
  backend: BotBackend,
  params: Params,
  kind: Media["kind"],
  value?: string,
): Media {
  const given = value ?? params.text(kind);
  const upload = params.upload(kind, given);
  if (upload !== undefined)
    return kind === "photo" ? newPhoto(backend, upload) : newDocument(backend, upload);
  if (given === undefined || given === "") throw refusal(400, `there is no ${kind} in the request`);
  if (/^https?:/i.test(given)) throw refusal(400, "failed to get HTTP URL content");
  const file = backend.files.get(given);
  if (kind === "document") return { kind, fileId: given };
  const info = imageInfo(file.bytes);
  if (info === null) throw refusal(400, "can't use file of type Document as Photo");
  return { kind, fileId: given, width: info.width, height: info.height, spoiler: false };
}

function newPhoto(backend: BotBackend, upload: Upload): Media {
  const { width, height, mime } = photoImage(upload);
  const file = backend.files.add("photos", { ...upload, mime });
  return { kind: "photo", fileId: file.fileId, width, height, spoiler: false };
}

function newDocument(backend: BotBackend, upload: Upload): Media {
  const mime = fileMime(upload);
  return { kind: "document", fileId: backend.files.add("documents", { ...upload, mime }).fileId };
}

/**
 * Refuses a photo over 10 MB, width + height over 10000, or a ratio over 20.
 * https://core.telegram.org/bots/api#sendphoto
 */
export function photoImage({ bytes }: Upload): ImageInfo {
  checkSize(bytes, PHOTO_BYTES);
  const info = imageInfo(bytes);
  if (info === null) throw refusal(400, "IMAGE_PROCESS_FAILED");
  const { width, height } = info;
  if (
    width + height > PHOTO_SIDES ||
    Math.max(width, height) > PHOTO_RATIO * Math.min(width, height)
  )
    throw refusal(400, "PHOTO_INVALID_DIMENSIONS");
  return info;
}

/**
 * The type of a file other than a photo, by its content where that is an image. Refuses one over 50
 * MB.
 */
export function fileMime({ bytes, mime }: Upload): string {
  checkSize(bytes, FILE_BYTES);
  return imageInfo(bytes)?.mime ?? (mime === "" ? "application/octet-stream" : mime);
}

function checkSize(bytes: Uint8Array, most: number): void {
  if (bytes.length === 0) throw refusal(400, "file must be non-empty");
  if (bytes.length > most) throw refusal(413);
}
