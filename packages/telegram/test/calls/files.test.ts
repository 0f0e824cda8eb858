import { createHash, randomBytes } from "node:crypto";
import { PART_BYTES, type UploadedFile } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "../kit.ts";
import { useSandbox } from "../world.ts";

const world = useSandbox();
const BYTES = randomBytes(PART_BYTES * 2 + 1);
const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** An account that is connected, with a channel of its own that holds a document and a photo. */
async function member() {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  const channel = world.sandbox.world.createChannel({ title: "Files", members: [phone] }).id;
  const file = { name: "a.bin", mime: "application/x-a", base64: BYTES.toString("base64") };
  const id = world.sandbox.world.postToChannel(channel, "look", { file });
  await waitFor(() => store.entities.byId(`-100${channel}`) !== null);
  return { phone, channel, chat: `-100${channel}`, id, files: connection.calls.files };
}

test("a file comes in parts, and again after its reference was forgotten", async () => {
  const { files, chat, id } = await member();
  let found = await files.find(chat, id);
  expect(found).toMatchObject({ photo: false, mime: "application/x-a", name: "a.bin", sizeBytes: BYTES.length });
  const first = await files.read(found, 0);
  world.sandbox.world.faults.expireFiles();
  await expect(files.read(found, PART_BYTES)).rejects.toThrow("FILE_REFERENCE_EXPIRED");
  found = await files.find(chat, id);
  const rest = [await files.read(found, PART_BYTES), await files.read(found, PART_BYTES * 2)];
  expect(Buffer.concat([first, ...rest]).equals(BYTES)).toBe(true);
});

test("what is protected by now, or gone, is not copied", async () => {
  const { files, chat, channel } = await member();
  const file = { name: "a", mime: "a/b", base64: "YQ==" };
  const secret = world.sandbox.world.postToChannel(channel, "", { file, noforwards: true });
  await expect(files.find(chat, secret)).rejects.toMatchObject({ code: "protected-content" });
  const plain = world.sandbox.world.postToChannel(channel, "only text");
  await expect(files.find(chat, plain)).rejects.toMatchObject({ code: "file-gone" });
  await expect(files.find(chat, 4711)).rejects.toMatchObject({ code: "file-gone" });
});

test("files are uploaded and sent alone and as an album, each random id once", async () => {
  const { files, chat, channel, phone } = await member();
  const facts = { photo: false, mime: "video/mp4", name: "v.mp4", sizeBytes: BYTES.length, look: {} };
  const upload = async (id: string, more: Partial<UploadedFile["facts"]> = {}): Promise<UploadedFile> => {
    for (let part = 0; part * PART_BYTES < BYTES.length; part++)
      await files.save(id, part, BYTES.subarray(part * PART_BYTES, (part + 1) * PART_BYTES), BYTES.length);
    return { facts: { ...facts, ...more }, id, randomId: id, text: `file ${id}`, entities: [] };
  };
  const to = { chat, topic: null };
  const [alone] = await files.send(to, [await upload("11")], null);
  const album = await files.send(to, [await upload("12", { photo: true }), await upload("13")], alone ?? null);
  await expect(files.send(to, [await upload("11")], null)).rejects.toThrow("RANDOM_ID_DUPLICATE");
  const posts = world.sandbox.world.history(phone, channel).slice(1);
  expect(posts.map(({ id }) => id)).toEqual([alone, ...album]);
  expect(posts.map(({ media }) => [media?.photo, media?.sha256])).toEqual([
    [false, digest(BYTES)],
    [true, digest(BYTES)],
    [false, digest(BYTES)],
  ]);
  expect(posts[1]?.groupedId).toBe(posts[2]?.groupedId);
  expect([posts[0]?.groupedId, posts[1]?.replyTo, posts[2]?.text]).toEqual([null, alone, "file 13"]);
});
