import { RpcError } from "../../world/errors.ts";
import type { StoredMedia } from "../../world/model.ts";
import type { TlObject } from "../tl/schema.ts";
import { int, long, object, objects, text, type UserCall } from "./call.ts";

/** What an InputMedia stands for: something just uploaded, or something that is there already. */
export function mediaOf(call: UserCall, input: TlObject): StoredMedia {
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
