/** What the control API can post, and what it refuses by name. */
import { Api } from "telegram";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gramjsClient } from "../mtproto/support/gramjs.ts";
import { type ControlHarness, startControl } from "./harness.ts";

const BEN = "4915550000001";
const file = {
  name: "a.bin",
  mime: "application/octet-stream",
  base64: Buffer.from("bytes").toString("base64"),
};

test("a client sees each kind of media as what it is, and an album as one", async () => {
  await using control = await startControl();
  await control.post("/accounts", { phone: BEN, firstName: "Ben" });
  const { id } = (await control.post("/channels", { title: "News", members: [BEN] })).body;
  for (const kind of [
    "photo",
    "document",
    "video",
    "round",
    "animation",
    "voice",
    "audio",
    "sticker",
  ])
    expect(
      (await control.post(`/channels/${id}/messages`, { file: { ...file, kind } })).status,
    ).toBe(201);
  for (const content of [
    { kind: "poll", question: "Up?", options: ["yes", "no"] },
    { kind: "place", latitude: 52.5, longitude: 13.4 },
    { kind: "place", latitude: 52.5, longitude: 13.4, title: "Kiosk", address: "Street 1" },
    { kind: "contact", phone: "+4915550000009", firstName: "Ann" },
  ])
    expect((await control.post(`/channels/${id}/messages`, { content })).status).toBe(201);
  const files = [
    { ...file, kind: "photo" },
    { ...file, kind: "video" },
  ];
  const album = await control.post(`/channels/${id}/albums`, { text: "two", files });
  expect(album).toMatchObject({
    status: 201,
    body: { ids: [expect.any(Number), expect.any(Number)] },
  });

  const client = gramjsClient(control.sandbox.telegram);
  try {
    await client.connect();
    await client.signInUser(
      { apiId: 1, apiHash: "x" },
      {
        phoneNumber: BEN,
        phoneCode: async () => control.sandbox.world.latestCode(BEN)?.code ?? "",
        onError: (error) => {
          throw error;
        },
      },
    );
    const dialogs = await client.getDialogs({});
    const messages = await client.getMessages(
      dialogs.find(({ title }) => title === "News")?.entity,
      {
        limit: 30,
        reverse: true,
      },
    );
    expect(Array.from(messages, kindOf)).toEqual(
      [
        ["photo", "document", "video", "round", "animation", "voice", "audio", "sticker"],
        [
          "MessageMediaPoll",
          "MessageMediaGeo",
          "MessageMediaVenue",
          "MessageMediaContact",
          "photo",
          "video",
        ],
      ].flat(),
    );
    const [one, two] = messages.slice(-2);
    expect([
      one?.message,
      two?.message,
      one?.groupedId?.toString() === two?.groupedId?.toString(),
    ]).toEqual(["two", "", true]);
  } finally {
    await client.destroy();
  }
});

function kindOf({ media }: Api.Message): string {
  if (media instanceof Api.MessageMediaPhoto) return "photo";
  if (!(media instanceof Api.MessageMediaDocument) || !(media.document instanceof Api.Document))
    return media?.className ?? "none";
  const { attributes } = media.document;
  const video = attributes.find((each) => each instanceof Api.DocumentAttributeVideo);
  const audio = attributes.find((each) => each instanceof Api.DocumentAttributeAudio);
  if (attributes.some((each) => each instanceof Api.DocumentAttributeSticker)) return "sticker";
  if (attributes.some((each) => each instanceof Api.DocumentAttributeAnimated)) return "animation";
  if (video) return video.roundMessage === true ? "round" : "video";
  if (audio) return audio.voice === true ? "voice" : "audio";
  return "document";
}

/** What is refused changes nothing. */
let shared: ControlHarness;
beforeAll(async () => {
  shared = await startControl();
});
afterAll(() => shared[Symbol.asyncDispose]());

test.each<[string, object, string[]]>([
  [
    "/faults/drop",
    { phone: "49000000000", dc: 9 },
    ["no account 49000000000", "no data centre 9 (there are 2, 4)"],
  ],
  ["/faults/silence", { keyId: "abc" }, ["no key abc"]],
  [
    "/faults/fail",
    { method: "messages.sendMesage", code: 400, text: "X" },
    ["no method messages.sendMesage"],
  ],
  ["/faults/updates", { phone: "49000000000", mode: "gap" }, ["no account 49000000000"]],
  [
    "/faults/differences",
    { phone: "49000000000", mode: "stuck", channel: "7" },
    ["no account 49000000000", "no channel 7"],
  ],
  [
    "/faults/bot",
    { method: "sendMesage", error: { cut: true } },
    ["no method sendMesage of the Bot API"],
  ],
  ["/faults/restart-dc", { dc: 3 }, ["no data centre 3"]],
  ["/faults/drop", { phoen: "1", hwo: "rst" }, ["phoen", "hwo"]],
  ["/channels/1/messages", { file: { ...file, kind: "gif" } }, ["kind", "animation"]],
  ["/channels/1/messages", { content: { kind: "quiz", question: "?" } }, ["kind"]],
  [
    "/channels/1/messages",
    { text: "x", file, content: { kind: "contact", phone: BEN, firstName: "A" } },
    ["not both"],
  ],
  ["/channels/1/albums", { files: [file] }, ["files"]],
  ["/people", { firstName: "A", role: "owner" }, ["role"]],
])("%s %j is refused, and names what it does not know", async (path, body, named) => {
  const { status, body: answer } = await shared.post(path, body);
  expect(status).toBe(400);
  for (const each of named) expect(answer.error.message).toContain(each);
});

test.each(["/chat?usr=1", "/outbox?aftr=1", "/events?who=1", "/transcript?user=x"])(
  "GET %s is refused",
  async (path) => {
    const { status, body } = await shared.get(path);
    expect([status, body.error.code]).toEqual([400, "bad-request"]);
  },
);

test("a person that is added has a chat; the same id is refused the second time", async () => {
  await using control = await startControl();
  const ben = await control.post("/people", { firstName: "Ben" });
  expect(ben).toMatchObject({
    status: 201,
    body: { id: 778, firstName: "Ben", admin: false, started: false },
  });
  await control.post("/chat/start", { user: 778 });
  expect((await control.get("/people")).body).toMatchObject([
    { id: 777, admin: true, started: false },
    { id: 778, admin: false, started: true },
  ]);
  expect((await control.post("/people", { firstName: "Cleo", user: 778 })).status).toBe(409);
});
