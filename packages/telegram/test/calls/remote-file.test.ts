/** What a file is shown as survives a download and an upload. */
import bigInt from "big-integer";
import { Api } from "telegram";
import { expect, test } from "vitest";
import { attributesOf, remoteFile } from "../../src/calls/remote-file.ts";

const document = (attributes: Api.TypeDocumentAttribute[]): Api.Document =>
  new Api.Document({
    id: bigInt(1),
    accessHash: bigInt(2),
    fileReference: Buffer.from("r"),
    date: 0,
    mimeType: "a/b",
    size: bigInt(5),
    dcId: 2,
    attributes,
  });

test.each([
  [
    "a sticker",
    [new Api.DocumentAttributeSticker({ alt: "🙂", stickerset: new Api.InputStickerSetEmpty() })],
  ],
  [
    "a sticker without an emoji",
    [new Api.DocumentAttributeSticker({ alt: "", stickerset: new Api.InputStickerSetEmpty() })],
  ],
  ["a GIF", [new Api.DocumentAttributeAnimated()]],
  ["a voice message", [new Api.DocumentAttributeAudio({ duration: 3, voice: true })]],
])("%s is one again", (_what, attributes) => {
  const file = remoteFile(new Api.MessageMediaDocument({ document: document(attributes) }));
  if (!file) throw new Error("no file");
  expect(attributesOf(file).map(({ className }) => className)).toEqual(
    attributes.map(({ className }) => className),
  );
  const again = remoteFile(
    new Api.MessageMediaDocument({ document: document(attributesOf(file)) }),
  );
  expect(again?.look).toEqual(file.look);
});

test.each([
  ["photo", true],
  ["photo", undefined],
  ["document", true],
  ["document", undefined],
])("a %s that is hidden (%s) is so in the copy", (kind, spoiler) => {
  const sizes = [new Api.PhotoSize({ type: "x", w: 1, h: 1, size: 5 })];
  const photo = new Api.Photo({
    id: bigInt(1),
    accessHash: bigInt(2),
    fileReference: Buffer.from("r"),
    date: 0,
    sizes,
    dcId: 2,
  });
  const hidden = spoiler === undefined ? {} : { spoiler };
  const media =
    kind === "photo"
      ? new Api.MessageMediaPhoto({ photo, ...hidden })
      : new Api.MessageMediaDocument({ document: document([]), ...hidden });
  expect(remoteFile(media)?.look).toEqual(hidden);
});
