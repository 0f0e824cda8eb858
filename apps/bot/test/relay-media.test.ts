/** The bot carries files to a chat of the sandbox: what Telegram has of them afterwards. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import {
  type CopiedFile,
  type Delivery,
  type DeliveryStep,
  type MediaKind,
  relayFile,
} from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { startSandbox } from "@flotilla/sandbox";
import { testDir } from "@flotilla/testkit";
import { Api } from "grammy";
import { expect, onTestFinished, test } from "vitest";
import { BotDelivery } from "../src/relay/bot-delivery.ts";
import { controlDb } from "./support.ts";

const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
const ANN = "4915550000001";
const READER = parseWorkerId("reader");
/** One pixel, and another one. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PNG_2 =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const sha = (base64: string): string =>
  createHash("sha256").update(Buffer.from(base64, "base64")).digest("hex");

async function start() {
  const sandbox = await startSandbox({ botToken: TOKEN, admin: { id: 1, firstName: "Admin" } });
  onTestFinished(() => sandbox.close());
  const { world } = sandbox;
  world.createAccount({ phone: ANN });
  const { id } = world.createChannel({ title: "Desk", members: [ANN], forum: true, bot: true });
  const topic = world.topics.create(id, "alpha");
  const [db, dataDir] = [await controlDb(), await testDir()];
  const wordsOf = (): never => {
    throw new Error("no admin is told");
  };
  const api = new Api(TOKEN, { apiRoot: sandbox.botApiRoot });
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
    const to = { kind: "bot" as const, chat: `-100${id}`, topic };
    const made = {
      id: `reader.${++n}.0`,
      key: `k${n}`,
      route: "r",
      reader: READER,
      to,
      step,
      source,
    };
    const { result } = await delivery.perform({
      v: 1,
      kind: "delivery",
      ...made,
    } satisfies Delivery);
    return result.kind === "done" ? result.ids : result;
  };
  const file = (message: number, kind: MediaKind, text: string, base64 = PNG): CopiedFile => {
    const path = relayFile(dataDir, READER, 3, message);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.from(base64, "base64"));
    const mime = kind === "photo" ? "image/jpeg" : "application/octet-stream";
    const said = { text, entities: [{ kind: "bold", offset: 0, length: 1 }].slice(0, text.length) };
    return {
      message,
      randomId: "1",
      ...said,
      photo: kind === "photo",
      kind,
      mime,
      name: null,
      sizeBytes: 70,
      look: {},
    };
  };
  const seen = () =>
    world
      .history(ANN, id)
      .map((each) => ({ ...each, sha: each.media?.sha256, photo: each.media?.photo }));
  return { perform, file, seen, topic };
}

const KINDS = ["photo", "document", "video", "animation", "audio", "voice", "sticker"] as const;

test("each kind arrives, in its topic, as an answer, and holds what it held", async () => {
  const { perform, file, seen, topic } = await start();
  const [first] = (await perform({
    kind: "send",
    randomId: "1",
    text: "first",
    entities: [],
    replyTo: null,
  })) as number[];
  for (const [n, kind] of KINDS.entries()) {
    const step = {
      kind: "upload" as const,
      row: 3,
      files: [file(n + 1, kind, kind === "sticker" ? "" : kind)],
      replyTo: first ?? 0,
    };
    expect(await perform(step), kind).toEqual([expect.any(Number)]);
  }
  expect(seen().slice(1)).toMatchObject(
    KINDS.map((kind) => ({
      text: kind === "sticker" ? "" : kind,
      ...{
        topic,
        replyTo: first,
        sha: sha(PNG),
        photo: kind === "photo",
        entities: kind === "sticker" ? 0 : 1,
      },
    })),
  );
});

test("an album arrives as one; a caption is edited, and a picture is replaced", async () => {
  const { perform, file, seen } = await start();
  const files = [file(1, "photo", "one"), file(2, "video", "")];
  const [one, two] = (await perform({ kind: "upload", row: 3, files, replyTo: null })) as number[];
  expect(seen()).toMatchObject([
    { id: one, text: "one", photo: true },
    { id: two, text: "", photo: false },
  ]);
  expect(seen()[0]?.groupedId).toBe(seen()[1]?.groupedId);
  expect(seen()[0]?.groupedId).not.toBeNull();
  const edit = {
    kind: "edit" as const,
    message: one ?? 0,
    text: "uno",
    entities: [],
    caption: true as const,
  };
  await perform(edit);
  expect(seen()[0]).toMatchObject({ text: "uno", sha: sha(PNG) });
  await perform(edit);
  await perform({ ...edit, text: "due", file: { row: 3, ...file(9, "photo", "", PNG_2) } });
  expect(seen()[0]).toMatchObject({ text: "due", sha: sha(PNG_2) });
  expect(
    await perform({ kind: "edit", message: one ?? 0, text: "tre", entities: [] }),
  ).toMatchObject({ kind: "refused" });
});
