import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { PART_BYTES } from "@flotilla/telegram";
import { sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { placeAt, post, route, runWorker, Targets, tellRoutes } from "./world.ts";

async function pair(change: Parameters<typeof route>[0] = {}) {
  const [place, dir, targets] = [
    placeAt((await sharedRedis()).url),
    await testDir(),
    new Targets(),
  ];
  const it = { place, dir, targets, reader: runWorker(dir, "reader", place, targets) };
  const sender = runWorker(dir, "sender", place, targets);
  onTestFinished(async () => {
    await it.reader.close();
    await sender.close();
  });
  await tellRoutes(place, "reader", [route(change)]);
  await waitFor(() => it.reader.store.relay.routes() !== null);
  return it;
}

const document = { media: { kind: "document", mime: "text/plain" } };

test(
  "media that the sender cannot read goes over the disk, once and in order, and is deleted " +
    "there",
  async () => {
    const it = await pair();
    const bytes = randomBytes(PART_BYTES * 2 + 77);
    it.targets.content.set(2, bytes);
    it.targets.readFault = new Error("400: FILE_REFERENCE_EXPIRED");
    it.targets.lost = 1;
    it.reader.receive(post(1, "first"), post(2, "with a file", document), post(3, "last"));
    await waitFor(() => it.targets.in("-1000000000002").length === 3);
    expect(it.targets.in("-1000000000002")).toEqual(["first", "with a file", "last"]);
    expect(
      it.targets.uploads.map((upload) => upload.bytes.map((each) => each.equals(bytes))),
    ).toEqual([[true]]);
    const folder = join(it.dir, "relay-files", "reader");
    await waitFor(() => readdirSync(folder).length === 0);
    expect(statSync(folder).mode & 0o777, "readable for this user only").toBe(0o700);
  },
);

test(
  "an album stays together, a file above the limit is set aside, and the next message is " +
    "delivered",
  async () => {
    const it = await pair({ maxFileMb: 1 });
    it.targets.content.set(1, Buffer.from("one"));
    it.targets.content.set(2, Buffer.from("two"));
    it.targets.content.set(3, Buffer.alloc(1_000_001));
    const album = { ...document, groupedId: "7" };
    it.reader.receive(
      post(1, "both", album),
      post(2, "", album),
      post(3, "big", document),
      post(4, "after"),
    );
    await waitFor(() => it.targets.in("-1000000000002").includes("after"));
    it.targets.content.set(5, Buffer.from("five"));
    it.targets.readFault = new AppError(
      "file-elsewhere",
      "Telegram wants this file to be fetched from another place.",
    );
    it.reader.receive(post(5, "elsewhere", document));
    await waitFor(() => it.reader.store.relay.outbox.poison("signals", 9).length === 2);
    expect(it.targets.uploads.map(({ texts, bytes }) => [texts, bytes.map(String)])).toEqual([
      [
        ["both", ""],
        ["one", "two"],
      ],
    ]);
    expect(it.reader.store.relay.outbox.poison("signals", 9)).toMatchObject([
      { reason: expect.stringContaining("up to 1 MB") },
      { reason: expect.stringContaining("another place") },
    ]);
  },
);

test("an interrupted download resumes where it stopped, and files without a row are deleted", async () => {
  const it = await pair();
  const bytes = randomBytes(PART_BYTES * 3);
  it.targets.content.set(1, bytes);
  const folder = join(it.dir, "relay-files", "reader");
  await it.reader.close();
  for (const row of ["1", "99"]) mkdirSync(join(folder, row), { recursive: true });
  // As after a kill: two parts and a piece of the third.
  writeFileSync(join(folder, "1", "1.part"), bytes.subarray(0, PART_BYTES * 2 + 10));
  it.reader = runWorker(it.dir, "reader", it.place, it.targets);
  it.reader.receive(post(1, "resumed", document));
  await waitFor(() => it.targets.in("-1000000000002").length === 1);
  await waitFor(() => !existsSync(join(folder, "1")) && !existsSync(join(folder, "99")));
  expect([it.targets.reads, it.targets.uploads[0]?.bytes[0]?.equals(bytes)]).toEqual([1, true]);
});
