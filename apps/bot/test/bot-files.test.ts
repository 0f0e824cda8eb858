/** Files that a reader of this host has downloaded, as the bot uploads them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type CopiedFile, type Delivery, type DeliveryStep, relayFile } from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { Api, InputFile } from "grammy";
import { expect, test } from "vitest";
import { BotDelivery } from "../src/relay/bot-delivery.ts";
import { controlDb } from "./support.ts";

const READER = parseWorkerId("reader");

/** The bot's deliveries, with the calls that they make. */
async function start() {
  const [db, dataDir] = [await controlDb(), await testDir()];
  const calls: { method: string; payload: Record<string, unknown> }[] = [];
  const refusals: { error_code: number; description: string }[] = [];
  const api = new Api("1:x");
  api.config.use(async (_previous, method, payload) => {
    calls.push({ method, payload: payload as Record<string, unknown> });
    const [refusal] = refusals.splice(0, 1);
    if (refusal) return { ok: false, ...refusal } as never;
    const { media } = payload as { media?: unknown };
    const one = { message_id: 100 + calls.length };
    return {
      ok: true,
      result: Array.isArray(media) ? media.map((_, n) => ({ message_id: 200 + n })) : one,
    } as never;
  });
  const wordsOf = (): never => {
    throw new Error("no admin is told");
  };
  const delivery = new BotDelivery({
    db,
    api,
    admins: { reachable: () => [] },
    wordsOf,
    fileReader: new FileReader({
      dataDir: dataDir,
      fleetKey: Buffer.alloc(32, 7),
      clock: systemClock,
    }),
    now: () => 0,
  });
  let n = 0;
  const perform = async (step: DeliveryStep) => {
    const source = { chat: "-1001", id: 1, date: null, title: null, link: null };
    const to = { kind: "bot" as const, chat: "-1005", topic: 9 };
    const id = `reader.${++n}.0`;
    const made: Delivery = {
      v: 1,
      kind: "delivery",
      id,
      key: `k${n}`,
      route: "r",
      reader: READER,
      to,
      step,
      source,
    };
    return (await delivery.perform(made)).result;
  };
  const put = (message: number): void => {
    const path = relayFile(dataDir, READER, 3, message);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "bytes");
  };
  return { calls, refusals, perform, put };
}

const file = (change: Partial<CopiedFile> = {}): CopiedFile => ({
  ...{
    message: 1,
    randomId: "1",
    text: "said",
    entities: [{ kind: "bold", offset: 0, length: 2 }],
  },
  ...{
    photo: false,
    kind: "document",
    mime: "text/plain",
    name: "a.txt",
    sizeBytes: 5,
    look: {},
    ...change,
  },
});
const upload = (...files: CopiedFile[]): DeliveryStep => ({
  kind: "upload",
  row: 3,
  files,
  replyTo: 7,
});
const VIDEO = { durationS: 2.4, width: 320, height: 240, round: false };
const SAID = { caption: "said", caption_entities: [{ type: "bold", offset: 0, length: 2 }] };

test.each<[string, Partial<CopiedFile>, string, string, object]>([
  ["photo", { photo: true, kind: "photo", name: null }, "sendPhoto", "photo.jpg", SAID],
  ["document", {}, "sendDocument", "a.txt", SAID],
  [
    "video",
    { kind: "video", name: null, look: { video: VIDEO } },
    "sendVideo",
    "video.mp4",
    { ...SAID, duration: 2, width: 320 },
  ],
  [
    "GIF",
    { kind: "animation", name: null, look: { video: VIDEO } },
    "sendAnimation",
    "animation.mp4",
    { ...SAID, height: 240 },
  ],
  [
    "photo that is hidden until it is tapped",
    { photo: true, kind: "photo", name: null, look: { spoiler: true } },
    "sendPhoto",
    "photo.jpg",
    { ...SAID, has_spoiler: true },
  ],
  [
    "hidden video",
    { kind: "video", name: null, look: { video: VIDEO, spoiler: true } },
    "sendVideo",
    "video.mp4",
    { ...SAID, has_spoiler: true },
  ],
  [
    "round video",
    { kind: "video", text: "", look: { video: { ...VIDEO, round: true } } },
    "sendVideoNote",
    "a.txt",
    { length: 320 },
  ],
  [
    "voice message",
    { kind: "voice", name: null, look: { audio: { durationS: 3, voice: true } } },
    "sendVoice",
    "voice.ogg",
    SAID,
  ],
  [
    "song",
    { kind: "audio", look: { audio: { durationS: 3, voice: false, title: "T", performer: "P" } } },
    "sendAudio",
    "a.txt",
    { ...SAID, title: "T", performer: "P" },
  ],
  [
    "moving sticker",
    { kind: "sticker", text: "", name: null, mime: "application/x-tgsticker" },
    "sendSticker",
    "sticker.tgs",
    {},
  ],
  [
    "file of a reader that names no kind",
    { kind: undefined as never },
    "sendDocument",
    "a.txt",
    SAID,
  ],
])(
  "a %s is sent as one, with its text, into the topic, as an answer",
  async (_what, change, method, name, payload) => {
    const { perform, calls, put } = await start();
    put(1);
    expect(await perform(upload(file(change)))).toMatchObject({ kind: "done", ids: [101] });
    expect(calls).toMatchObject([
      {
        method,
        payload: { ...payload, message_thread_id: 9, reply_parameters: { message_id: 7 } },
      },
    ]);
    const input = Object.values(calls[0]?.payload ?? {}).find(
      (value) => value instanceof InputFile,
    );
    expect(input?.filename).toBe(`"${name}"`);
  },
);

test.each([
  ["ü ñ.txt", "ü ñ.txt"],
  ["a;b=c (1).txt", "a;b=c (1).txt"],
  ['отчёт "итог" 📈.pdf', "отчёт 'итог' 📈.pdf"],
  ["a\r\nb\\c.txt", "a b'c.txt"],
])("a file that is named %j arrives with its name", async (given, name) => {
  const { perform, calls, put } = await start();
  put(1);
  expect(await perform(upload(file({ name: given })))).toMatchObject({ kind: "done" });
  const input = Object.values(calls[0]?.payload ?? {}).find((value) => value instanceof InputFile);
  // As grammY writes it, read by a parser that is none of ours.
  const head = `content-disposition:form-data;name="f";filename=${input?.filename}\r\ncontent-type:a/b`;
  const headers = { "content-type": "multipart/form-data; boundary=x" };
  const form = await new Response(`--x\r\n${head}\r\n\r\nhi\r\n--x--\r\n`, { headers }).formData();
  expect((form.get("f") as File).name).toBe(name);
});

test(
  "an album is one call, and each message has its id; what is too long below a file follows " +
    "it",
  async () => {
    const { perform, calls, put } = await start();
    for (const message of [1, 2]) put(message);
    const photo = { photo: true, kind: "photo" as const, name: null };
    const rest = [{ randomId: "9", text: "the end", entities: [] }];
    const step = {
      ...upload(file(photo), file({ ...photo, message: 2, text: "" })),
      rest,
    } as DeliveryStep;
    expect(await perform(step)).toMatchObject({ kind: "done", ids: [200, 201], rest: [102] });
    expect(calls[0]).toMatchObject({
      method: "sendMediaGroup",
      payload: { media: [{ type: "photo", ...SAID }, { type: "photo" }] },
    });
    expect(calls[1]).toMatchObject({
      method: "sendMessage",
      payload: { text: "the end", reply_parameters: { message_id: 200 } },
    });
  },
);

test("an edit changes the caption, or puts another file in its place", async () => {
  const { perform, calls, put } = await start();
  put(1);
  const edit = {
    kind: "edit" as const,
    message: 101,
    text: "said",
    entities: file().entities,
    caption: true as const,
  };
  await perform(edit);
  await perform({ ...edit, file: { row: 3, ...file({ text: "" }) } });
  expect(calls).toMatchObject([
    { method: "editMessageCaption", payload: { message_id: 101, ...SAID } },
    {
      method: "editMessageMedia",
      payload: { message_id: 101, media: { type: "document", ...SAID } },
    },
  ]);
  const gif = file({ kind: "animation", name: null, look: { video: VIDEO, spoiler: true } });
  await perform({ ...edit, file: { row: 3, ...gif } });
  expect(calls[2]?.payload).toMatchObject({
    media: { type: "animation", has_spoiler: true, width: 320, ...SAID },
  });
  const photo = file({ photo: true, kind: "photo", name: null, look: { spoiler: true } });
  await perform({ ...edit, file: { row: 3, ...photo } });
  expect(calls[3]?.payload).toMatchObject({ media: { type: "photo", has_spoiler: true, ...SAID } });
});

test.each([
  [
    "the chat forbids photos",
    400,
    "Bad Request: not enough rights to send photos to the chat",
    "refused",
    "400",
  ],
  [
    "the chat forbids texts, so all",
    400,
    "Bad Request: not enough rights to send text messages to the chat",
    "blocked",
    "400",
  ],
  [
    "nothing may be written there",
    400,
    "Bad Request: have no rights to send a message",
    "blocked",
    "400",
  ],
  [
    "the bot is no admin",
    400,
    "Bad Request: need administrator rights in the channel chat",
    "blocked",
    "400",
  ],
  ["the group is over", 400, "Bad Request: group chat was deactivated", "blocked", "400"],
  [
    "Telegram's own word for the chat",
    400,
    "Bad Request: CHAT_WRITE_FORBIDDEN",
    "blocked",
    "CHAT_WRITE_FORBIDDEN",
  ],
  [
    "Telegram's own word for a picture",
    400,
    "Bad Request: PHOTO_INVALID_DIMENSIONS",
    "refused",
    "PHOTO_INVALID_DIMENSIONS",
  ],
  [
    "its own word for a voice",
    400,
    "Bad Request: VOICE_MESSAGES_FORBIDDEN",
    "refused",
    "VOICE_MESSAGES_FORBIDDEN",
  ],
  [
    "a word that is not known",
    400,
    "Bad Request: SOMETHING_NEW_2027",
    "blocked",
    "SOMETHING_NEW_2027",
  ],
  ["words that are not known", 400, "Bad Request: the moon is full", "blocked", "BAD_REQUEST"],
  ["a caption that is too long", 400, "Bad Request: message caption is too long", "refused", "400"],
  ["a server without the method", 404, "Not Found: method not found", "refused", "404"],
  ["an emptied text", 400, "Bad Request: message text is empty", "refused", "400"],
  ["the file is too large", 413, "Request Entity Too Large", "refused", "file-too-large"],
])("%s: that is what the reader hears", async (_what, error_code, description, kind, code) => {
  const { perform, refusals, put } = await start();
  put(1);
  refusals.push({ error_code, description });
  expect(await perform(upload(file()))).toMatchObject({ kind, code });
});

test("a file that lies on another host is not sent, and the reader hears why", async () => {
  const { perform, calls } = await start();
  expect(await perform(upload(file()))).toMatchObject({ kind: "refused", code: "file-missing" });
  expect(calls).toEqual([]);
});
