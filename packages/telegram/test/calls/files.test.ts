import { createHash, randomBytes } from "node:crypto";
import { PART_BYTES, type UploadedFile } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { lostReason } from "../../src/wire/fault.ts";
import { account, newStore, watch } from "../kit.ts";
import { useSandbox } from "../world.ts";

const world = useSandbox();
const BYTES = randomBytes(PART_BYTES * 2 + 1);
const digest = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A connected account with its own channel, which contains a document and a photo. */
async function member(more: { dc?: number; lost?: () => boolean } = {}) {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const { connection, reached } = watch({
    ...account(world.server),
    store,
    mayAct: () => more.lost?.() !== true,
  });
  connection.start();
  await reached("ready");
  const channel = world.sandbox.world.createChannel({ title: "Files", members: [phone] }).id;
  const file = {
    name: "a.bin",
    mime: "application/x-a",
    base64: BYTES.toString("base64"),
    ...(more.dc === undefined ? {} : { dc: more.dc }),
  };
  const id = world.sandbox.world.postToChannel(channel, "look", { file });
  await waitFor(() => store.entities.byId(`-100${channel}`) !== null);
  return { phone, channel, chat: `-100${channel}`, id, connection, files: connection.calls.files };
}

test("a file comes in parts, and again after its reference was forgotten", async () => {
  const { files, chat, id } = await member();
  let found = await files.find(chat, id);
  expect(found).toMatchObject({
    photo: false,
    mime: "application/x-a",
    name: "a.bin",
    sizeBytes: BYTES.length,
  });
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
  const facts = {
    photo: false,
    mime: "video/mp4",
    name: "v.mp4",
    sizeBytes: BYTES.length,
    look: {},
  };
  const upload = async (
    id: string,
    more: Partial<UploadedFile["facts"]> = {},
  ): Promise<UploadedFile> => {
    for (let part = 0; part * PART_BYTES < BYTES.length; part++)
      await files.save(
        id,
        part,
        BYTES.subarray(part * PART_BYTES, (part + 1) * PART_BYTES),
        BYTES.length,
      );
    return { facts: { ...facts, ...more }, id, randomId: id, text: `file ${id}`, entities: [] };
  };
  const to = { chat, topic: null };
  const [alone] = await files.send(to, [await upload("11")], null);
  const album = await files.send(
    to,
    [await upload("12", { photo: true }), await upload("13")],
    alone ?? null,
  );
  await expect(files.send(to, [await upload("11")], null)).rejects.toThrow("RANDOM_ID_DUPLICATE");
  const posts = world.sandbox.world.history(phone, channel).slice(1);
  expect(posts.map(({ id }) => id)).toEqual([alone, ...album]);
  expect(posts.map(({ media }) => [media?.photo, media?.sha256])).toEqual([
    [false, digest(BYTES)],
    [true, digest(BYTES)],
    [false, digest(BYTES)],
  ]);
  expect(posts[1]?.groupedId).toBe(posts[2]?.groupedId);
  expect([posts[0]?.groupedId, posts[1]?.replyTo, posts[2]?.text]).toEqual([
    null,
    alone,
    "file 13",
  ]);
});

/** Data centres to which an account is connected, and its keys there. */
const connected = (phone: string) =>
  world.sandbox.world
    .connections()
    .filter((each) => each.phone === phone)
    .sort((a, b) => a.dc - b.dc);

test(
  "a file in another data centre is fetched from there, over one connection that goes with " +
    "the account's own",
  async () => {
    const { files, chat, id, phone, connection } = await member({ dc: 4 });
    const found = await files.find(chat, id);
    expect(found.dc).toBe(4);
    const parts = await Promise.all([0, 1, 2].map((part) => files.read(found, part * PART_BYTES)));
    expect(Buffer.concat(parts).equals(BYTES)).toBe(true);
    expect(connected(phone).map(({ dc }) => dc)).toEqual([2, 4]);
    // The same login, not a second device; Telegram closes this connection too when the machine
    // freezes.
    expect(world.sandbox.world.sessions(phone)).toHaveLength(1);
    expect(connected(phone).every(({ hangsUpAt }) => hangsUpAt !== null)).toBe(true);
    await connection.stop();
    await waitFor(() => connected(phone).length === 0);
  },
);

test(
  "a data centre that forgot its key or hung up is asked again, with a new key or the same " +
    "one",
  async () => {
    const { files, chat, id, phone, connection } = await member({ dc: 4 });
    const found = await files.find(chat, id);
    const part = (): Promise<Buffer> => files.read(found, 0);
    // The client may notice a broken line only by a call over it.
    const partAfterDrop = (): Promise<Buffer> =>
      part().catch((error: unknown) =>
        lostReason(error) === "socket" ? part() : Promise.reject(error),
      );
    await part();
    const [, first] = connected(phone);
    world.sandbox.world.faults.drop({ dc: 4 }, "rst");
    await partAfterDrop();
    expect(connected(phone)[1]?.keyId).toBe(first?.keyId);
    world.sandbox.world.faults.forgetKey(first?.keyId ?? "");
    await waitFor(() =>
      part().then(
        () => true,
        () => false,
      ),
    );
    const [, second] = connected(phone);
    expect(second?.keyId).not.toBe(first?.keyId);
    world.sandbox.world.faults.drop({ dc: 4 }, "rst");
    world.sandbox.world.faults.forgetKey(second?.keyId ?? "");
    await expect(partAfterDrop()).rejects.toMatchObject({
      message: "The data centre of the file forgot this account.",
    });
    await part();
    const [, third] = connected(phone);
    world.sandbox.world.faults.failCalls({
      method: "upload.getFile",
      code: 401,
      text: "AUTH_KEY_UNREGISTERED",
      times: 1,
    });
    await expect(part()).rejects.toMatchObject({ code: "link-lost" });
    await part();
    expect(new Set([second, third, connected(phone)[1]].map((each) => each?.keyId)).size).toBe(3);
    expect(connection.status()).toMatchObject({ state: "ready", connects: 1 });
  },
);

test("Telegram's word about where a file is counts more than the message's", async () => {
  const { files, chat, id } = await member({ dc: 4 });
  const found = await files.find(chat, id);
  expect((await files.read({ ...found, dc: 2 }, 0)).equals(BYTES.subarray(0, PART_BYTES))).toBe(
    true,
  );
  await expect(files.read({ ...found, dc: 5 }, 0)).rejects.toMatchObject({ code: "unknown-dc" });
});

test("who lost the account asks no other data centre either", async () => {
  let lost = false;
  const { files, chat, id, phone } = await member({ dc: 4, lost: () => lost });
  const found = await files.find(chat, id);
  await files.read(found, 0);
  lost = true;
  await expect(files.read(found, PART_BYTES)).rejects.toMatchObject({ code: "link-lost" });
  await waitFor(() => connected(phone).every(({ dc }) => dc === 2));
});
