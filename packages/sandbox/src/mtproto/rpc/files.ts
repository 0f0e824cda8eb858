import { randomBytes } from "node:crypto";
import { RpcError } from "../../world/errors.ts";
import type { StoredMedia } from "../../world/model.ts";
import { mediaObject } from "../render/media.ts";
import type { TlObject } from "../tl/schema.ts";
import { bytes, int, long, type Method, object, objects, text, type UserCall } from "./call.ts";
import { sendDraft, sendDrafts } from "./messages.ts";
import { peerOfInput } from "./peers.ts";

const getFile: Method<UserCall> = (call, query) => {
  const location = object(query, "location");
  const found = call.world.files.read({
    id: long(location, "id"),
    accessHash: long(location, "access_hash"),
    reference: bytes(location, "file_reference"),
    offset: Number(long(query, "offset")),
    limit: int(query, "limit"),
    dc: call.dc,
  });
  return { _: "upload.file", type: { _: "storage.fileUnknown" }, mtime: 0, bytes: found };
};

const savePart: Method<UserCall> = (call, query) => {
  call.world.files.savePart(call.account.id, long(query, "file_id"), int(query, "file_part"), bytes(query, "bytes"));
  return true;
};

/** What an InputMedia stands for: something just uploaded, or something that is there already. */
function mediaOf(call: UserCall, input: TlObject): StoredMedia {
  if (input._ === "inputMediaPhoto" || input._ === "inputMediaDocument") {
    const id = object(input, "id");
    return call.world.files.known(long(id, "id"), long(id, "access_hash")).media;
  }
  if (input._ !== "inputMediaUploadedPhoto" && input._ !== "inputMediaUploadedDocument")
    throw new RpcError(400, "MEDIA_INVALID");
  const file = object(input, "file");
  const content = call.world.files.take(call.account.id, long(file, "id"), int(file, "parts"));
  const photo = input._ === "inputMediaUploadedPhoto";
  const attributes = objects(input, "attributes");
  const named = attributes.find((attribute) => attribute._ === "documentAttributeFilename");
  const name = named ? text(named, "file_name") : text(file, "name") || null;
  const mime = photo ? "image/jpeg" : text(input, "mime_type");
  // A file stays in the data centre that it was uploaded to.
  return call.world.files.add({ photo, mime, name, dc: call.dc }, content, attributes);
}

/** A used random id is refused before its file is looked at: the parts of a second try may be gone. */
function refuseUsed(call: UserCall, randomId: bigint): void {
  if (!call.account.sent.has(randomId)) return;
  call.account.duplicates = (call.account.duplicates ?? 0) + 1;
  throw new RpcError(500, "RANDOM_ID_DUPLICATE");
}

const sendMedia: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  refuseUsed(call, long(query, "random_id"));
  return sendDraft(call, query, peer, { media: mediaOf(call, object(query, "media")) });
};

const uploadMedia: Method<UserCall> = (call, query) => {
  peerOfInput(call, object(query, "peer"));
  return mediaObject(mediaOf(call, object(query, "media")), call.world.files.reference());
};

const sendMultiMedia: Method<UserCall> = (call, query) => {
  const peer = peerOfInput(call, object(query, "peer"));
  const groupedId = randomBytes(8).readBigInt64LE();
  const singles = objects(query, "multi_media");
  if (singles.length === 0 || singles.length > 10) throw new RpcError(400, "MULTI_MEDIA_TOO_LONG");
  for (const single of singles) refuseUsed(call, long(single, "random_id"));
  const drafts = singles.map((single) => ({
    query: single,
    more: { media: mediaOf(call, object(single, "media")), groupedId },
  }));
  return sendDrafts(call, query, peer, drafts);
};

/** Files: their parts, and messages with them (https://core.telegram.org/api/files). */
export const fileMethods: Record<string, Method<UserCall>> = {
  "upload.getFile": getFile,
  "upload.saveFilePart": savePart,
  "upload.saveBigFilePart": savePart,
  "messages.sendMedia": sendMedia,
  "messages.uploadMedia": uploadMedia,
  "messages.sendMultiMedia": sendMultiMedia,
};
