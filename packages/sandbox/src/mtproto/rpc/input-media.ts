import { RpcError } from "../../world/errors.ts";
import type { ShownMedia, StoredMedia } from "../../world/model.ts";
import { shownContact, shownPlace } from "../../world/new-media.ts";
import type { TlObject } from "../tl/schema.ts";
import { int, long, object, objects, text, type UserCall } from "./call.ts";

/**
 * What an InputMedia stands for: something just uploaded, something that is there already, a place
 * or a contact.
 */
export function mediaOf(call: UserCall, input: TlObject): StoredMedia | ShownMedia {
  const content = contentOf(input);
  if (content !== null) return content;
  if (input._ === "inputMediaPhoto" || input._ === "inputMediaDocument") {
    const id = object(input, "id");
    return call.world.files.known(long(id, "id"), long(id, "access_hash")).media;
  }
  if (input._ !== "inputMediaUploadedPhoto" && input._ !== "inputMediaUploadedDocument")
    throw new RpcError(400, "MEDIA_INVALID");
  const file = object(input, "file");
  const bytes = call.world.files.take(call.account.id, long(file, "id"), int(file, "parts"));
  const photo = input._ === "inputMediaUploadedPhoto";
  const attributes = objects(input, "attributes");
  const named = attributes.find((attribute) => attribute._ === "documentAttributeFilename");
  const name = named ? text(named, "file_name") : text(file, "name") || null;
  const mime = photo ? "image/jpeg" : text(input, "mime_type");
  // A file stays in the data centre that it was uploaded to.
  return call.world.files.add({ photo, mime, name, dc: call.dc }, bytes, attributes);
}

function contentOf(input: TlObject): ShownMedia | null {
  switch (input._) {
    case "inputMediaGeoPoint":
      return shownPlace(geoPoint(object(input, "geo_point")), null);
    case "inputMediaVenue": {
      const { title, address, provider, venue_id, venue_type } = input;
      return shownPlace(geoPoint(object(input, "geo_point")), {
        title,
        address,
        provider,
        venue_id,
        venue_type,
      });
    }
    case "inputMediaContact": {
      const { phone_number, first_name, last_name, vcard } = input;
      return shownContact({ phone_number, first_name, last_name, vcard });
    }
    default:
      return null;
  }
}

function geoPoint(input: TlObject): TlObject {
  if (input._ !== "inputGeoPoint") throw new RpcError(400, "MEDIA_INVALID");
  const { lat, long: eastward } = input;
  return { _: "geoPoint", lat, long: eastward, access_hash: 0n };
}
