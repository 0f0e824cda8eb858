import { randomBytes } from "node:crypto";
import { RpcError } from "../../world/errors.ts";
import { mediaObject } from "../render/media.ts";
import { bytes, int, long, type Method, object, objects, type UserCall } from "./call.ts";
import { mediaOf } from "./input-media.ts";
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
  call.world.files.savePart(
    call.account.id,
    long(query, "file_id"),
    int(query, "file_part"),
    bytes(query, "bytes"),
  );
  return true;
};

/**
 * A used random id is refused before its file is looked at: the parts of a second try may be gone.
 */
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
