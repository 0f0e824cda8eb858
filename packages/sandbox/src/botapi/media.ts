import type { BotBackend } from "./backend.ts";
import { imageInfo } from "./images.ts";
import { refusal } from "./model/refusal.ts";
import type { Media } from "./model/types.ts";
import type { Params, Upload } from "./params.ts";

const PHOTO_BYTES = 10 * 1024 * 1024;
const FILE_BYTES = 50 * 1024 * 1024;
const PHOTO_SIDES = 10_000;
const PHOTO_RATIO = 20;

/** The photo or document a call brings: an upload, `attach://`, or a known file id. Links are refused: nothing leaves this machine. */
export function readMedia(backend: BotBackend, params: Params, kind: Media["kind"], value?: string): Media {
  const given = value ?? params.text(kind);
  const upload = params.upload(kind, given);
  if (upload !== undefined) return kind === "photo" ? newPhoto(backend, upload) : newDocument(backend, upload);
  if (given === undefined || given === "") throw refusal(400, `there is no ${kind} in the request`);
  if (/^https?:/i.test(given)) throw refusal(400, "failed to get HTTP URL content");
  const file = backend.files.get(given);
  if (kind === "document") return { kind, fileId: given };
  const info = imageInfo(file.bytes);
  if (info === null) throw refusal(400, "can't use file of type Document as Photo");
  return { kind, fileId: given, width: info.width, height: info.height, spoiler: false };
}

/** At most 10 MB, width + height ≤ 10000, ratio ≤ 20. https://core.telegram.org/bots/api#sendphoto */
function newPhoto(backend: BotBackend, upload: Upload): Media {
  if (upload.bytes.length === 0) throw refusal(400, "file must be non-empty");
  if (upload.bytes.length > PHOTO_BYTES) throw refusal(413);
  const info = imageInfo(upload.bytes);
  if (info === null) throw refusal(400, "IMAGE_PROCESS_FAILED");
  const { width, height } = info;
  if (width + height > PHOTO_SIDES || Math.max(width, height) > PHOTO_RATIO * Math.min(width, height))
    throw refusal(400, "PHOTO_INVALID_DIMENSIONS");
  const file = backend.files.add("photos", { ...upload, mime: info.mime });
  return { kind: "photo", fileId: file.fileId, width, height, spoiler: false };
}

function newDocument(backend: BotBackend, upload: Upload): Media {
  if (upload.bytes.length === 0) throw refusal(400, "file must be non-empty");
  if (upload.bytes.length > FILE_BYTES) throw refusal(413);
  const mime = imageInfo(upload.bytes)?.mime ?? (upload.mime === "" ? "application/octet-stream" : upload.mime);
  return { kind: "document", fileId: backend.files.add("documents", { ...upload, mime }).fileId };
}
