import { FILES_DC } from "../../world/files.ts";
import type { ShownMedia, StoredMedia } from "../../world/model.ts";
import type { TlObject } from "../tl/schema.ts";

/**
 * What a message brings besides its text. `reference` is what the client has to show to get a file.
 */
export function mediaObject(media: StoredMedia | ShownMedia, reference: Buffer): TlObject {
  if ("shown" in media) return media.object;
  const { id, accessHash, photo, mime, name, size, attributes, dc = FILES_DC } = media;
  const common = { id, access_hash: accessHash, file_reference: reference, date: 0, dc_id: dc };
  if (photo) {
    const sizes = [{ _: "photoSize", type: "x", w: 800, h: 600, size }];
    return { _: "messageMediaPhoto", photo: { _: "photo", ...common, sizes } };
  }
  const named = name === null ? [] : [{ _: "documentAttributeFilename", file_name: name }];
  const known = attributes.filter((attribute) => attribute._ !== "documentAttributeFilename");
  const document = {
    _: "document",
    ...common,
    mime_type: mime,
    size: BigInt(size),
    attributes: [...known, ...named],
  };
  return { _: "messageMediaDocument", document };
}
