import { randomBytes } from "node:crypto";
import type { TlObject } from "../mtproto/tl/schema.ts";
import type { Files } from "./files.ts";
import type { ShownMedia, StoredMedia } from "./model.ts";

/**
 * What a file is shown as (https://core.telegram.org/type/DocumentAttribute). `round`: a video
 * message.
 */
export const FILE_KINDS = [
  "photo",
  "document",
  "video",
  "round",
  "animation",
  "voice",
  "audio",
  "sticker",
] as const;
type FileKind = (typeof FILE_KINDS)[number];

/** A file that a post brings. `dc`: the data centre that keeps it, by default 2. */
export interface NewFile {
  name: string;
  mime: string;
  base64: string;
  /** Absent: a document. */
  kind?: FileKind;
  durationS?: number;
  width?: number;
  height?: number;
  title?: string;
  performer?: string;
  dc?: number;
}

/** What a post brings that is no file. */
export type NewContent =
  | { kind: "poll"; question: string; options: readonly string[] }
  /** With a title it is a venue. */
  | { kind: "place"; latitude: number; longitude: number; title?: string; address?: string }
  | { kind: "contact"; phone: string; firstName: string; lastName?: string };

/** Keeps a file that a post brings. */
export function storedFile(
  files: Files,
  { base64, kind = "document", name, mime, dc, ...look }: NewFile,
): StoredMedia {
  const place = dc === undefined ? {} : { dc };
  const facts = { name, mime, photo: kind === "photo", ...place };
  return files.add(facts, Buffer.from(base64, "base64"), attributesOf(kind, look));
}

function attributesOf(
  kind: FileKind,
  look: Pick<NewFile, "durationS" | "width" | "height" | "title" | "performer">,
): TlObject[] {
  const { durationS = 1, width: w = 320, height: h = 240, title, performer } = look;
  const video = {
    _: "documentAttributeVideo",
    duration: durationS,
    w,
    h,
    supports_streaming: true,
  };
  const audio = { _: "documentAttributeAudio", duration: Math.round(durationS) };
  switch (kind) {
    case "photo":
    case "document":
      return [];
    case "video":
      return [video];
    case "round":
      return [{ ...video, round_message: true }];
    case "animation":
      return [video, { _: "documentAttributeAnimated" }];
    case "voice":
      return [{ ...audio, voice: true }];
    case "audio":
      return [{ ...audio, title: title ?? null, performer: performer ?? null }];
    case "sticker":
      return [
        { _: "documentAttributeSticker", alt: "🙂", stickerset: { _: "inputStickerSetEmpty" } },
        { _: "documentAttributeImageSize", w, h },
      ];
    default:
      return kind satisfies never;
  }
}

/** A poll, a place or a contact as messages have it. */
export function shownContent(content: NewContent): ShownMedia {
  switch (content.kind) {
    case "poll":
      return { shown: "poll", object: poll(content) };
    case "place": {
      const { latitude, longitude, title, address = "" } = content;
      return shownPlace(
        { _: "geoPoint", lat: latitude, long: longitude, access_hash: 0n },
        title === undefined ? null : { title, address },
      );
    }
    case "contact": {
      const { phone, firstName, lastName = "" } = content;
      return shownContact({
        phone_number: phone,
        first_name: firstName,
        last_name: lastName,
        vcard: "",
      });
    }
    default:
      return content satisfies never;
  }
}

/** A place; with a venue, that has a name. */
export function shownPlace(geo: TlObject, venue: object | null): ShownMedia {
  const named = {
    _: "messageMediaVenue",
    geo,
    provider: "",
    venue_id: "",
    venue_type: "",
    ...venue,
  };
  return { shown: "place", object: venue === null ? { _: "messageMediaGeo", geo } : named };
}

/** A contact that is no account of this world. */
export function shownContact(fields: object): ShownMedia {
  return { shown: "contact", object: { _: "messageMediaContact", ...fields, user_id: 0n } };
}

function poll({ question, options }: Extract<NewContent, { kind: "poll" }>): TlObject {
  const text = (said: string): TlObject => ({ _: "textWithEntities", text: said, entities: [] });
  const answers = options.map((option, n) => ({
    _: "pollAnswer",
    text: text(option),
    option: Buffer.from([n]),
  }));
  const id = randomBytes(8).readBigInt64LE();
  return {
    _: "messageMediaPoll",
    poll: { _: "poll", id, question: text(question), answers },
    results: { _: "pollResults" },
  };
}
