import bigInt from "big-integer";
import { Api } from "telegram";
import { describe, expect, test } from "vitest";
import { messageEvent } from "../../src/wire/content.ts";

const CHAT = bigInt(1_000_000_001);
const peerId = new Api.PeerChannel({ channelId: CHAT });

type Fields = Partial<ConstructorParameters<typeof Api.Message>[0]>;

const contentOf = (more: Fields) =>
  messageEvent(new Api.Message({ id: 5, peerId, date: 1, message: "text", ...more }), "new", {
    chats: [],
  })?.content;

function document(mimeType: string, ...attributes: Api.TypeDocumentAttribute[]): Fields {
  const file = {
    id: bigInt(1),
    accessHash: bigInt(2),
    fileReference: Buffer.from("r"),
    date: 1,
    size: bigInt(9),
    dcId: 2,
  };
  return {
    media: new Api.MessageMediaDocument({
      document: new Api.Document({ ...file, mimeType, attributes }),
    }),
  };
}

const video = (roundMessage = false) =>
  new Api.DocumentAttributeVideo({ duration: 1, w: 2, h: 2, roundMessage });
const audio = (voice: boolean) => new Api.DocumentAttributeAudio({ duration: 1, voice });
const named = new Api.DocumentAttributeFilename({ fileName: "a.bin" });
const sticker = new Api.DocumentAttributeSticker({
  alt: "🙂",
  stickerset: new Api.InputStickerSetEmpty(),
});

describe("field fault B9: what a document is shown as", () => {
  test.each([
    [
      "a GIF: mp4 with the animated attribute",
      "video/mp4",
      [video(), new Api.DocumentAttributeAnimated()],
      "animation",
    ],
    ["a film", "video/mp4", [video(), named], "video"],
    ["a round film", "video/mp4", [video(true)], "video"],
    ["a film sent as a file", "video/mp4", [named], "file"],
    ["a picture sent as a file", "image/webp", [named], "file"],
    ["a picture of many frames sent as a file", "image/gif", [named], "file"],
    ["a sticker", "image/webp", [sticker], "sticker"],
    [
      "a sticker that moves",
      "video/webm",
      [video(), new Api.DocumentAttributeAnimated(), sticker],
      "sticker",
    ],
    ["a WebM film", "video/webm", [video()], "video"],
    ["a voice message", "audio/ogg", [audio(true)], "voice"],
    ["a song in Ogg", "audio/ogg", [audio(false)], "audio"],
    ["a sound without attributes", "audio/mpeg", [], "file"],
  ] as const)("%s", (_name, mime, attributes, shown) => {
    expect(contentOf(document(mime, ...attributes))?.media).toMatchObject({
      kind: "document",
      mime,
      shown,
    });
  });
});

test("field fault B9: a quote that is collapsed stays collapsed", () => {
  const entities = [
    new Api.MessageEntityBlockquote({ offset: 0, length: 2, collapsed: true }),
    new Api.MessageEntityBlockquote({ offset: 2, length: 2 }),
  ];
  expect(contentOf({ entities })?.entities.map(({ kind }) => kind)).toEqual([
    "expandable_blockquote",
    "blockquote",
  ]);
});

describe("field fault B8: what a message answers", () => {
  const reply = (
    more: Partial<ConstructorParameters<typeof Api.MessageReplyHeader>[0]>,
  ): Fields => ({
    replyTo: new Api.MessageReplyHeader({ replyToMsgId: 3, ...more }),
  });
  const other = new Api.PeerChannel({ channelId: bigInt(1_000_000_002) });

  test.each([
    ["a message of its own chat", reply({}), 3],
    ["one that names its own chat", reply({ replyToPeerId: peerId }), 3],
    ["a message of another channel", reply({ replyToPeerId: other }), null],
    ["a message of a person", reply({ replyToPeerId: new Api.PeerUser({ userId: CHAT }) }), null],
    ["a story", { replyTo: new Api.MessageReplyStoryHeader({ peer: other, storyId: 3 }) }, null],
    ["the first message of its topic: nothing", reply({ forumTopic: true }), null],
    ["a message in a topic", reply({ forumTopic: true, replyToTopId: 2 }), 3],
    [
      "a message of another chat, in a topic",
      reply({ forumTopic: true, replyToTopId: 2, replyToPeerId: other }),
      null,
    ],
  ])("%s", (_name, fields, replyTo) => {
    expect(contentOf(fields)?.replyTo).toBe(replyTo);
  });
});
