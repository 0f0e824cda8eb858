/** Files of relays from one host to another, over real sockets. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { relayFile } from "@flotilla/contracts";
import { FileReader, type FileReaderOptions, startFileServer } from "@flotilla/files";
import { type Clock, systemClock } from "@flotilla/kernel";
import { freePort, testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { PART_BYTES, PartSeal, partPath } from "../src/seal.ts";

const FLEET_KEY = Buffer.alloc(32, 7);
const READER = "reader";
const WANTED = { reader: READER, row: 5, message: 42 };

/** A host with one file of this content, which serves it. */
async function host(content: Buffer, more: { readonly fleetKey?: Buffer } = {}) {
  const dataDir = await testDir();
  const path = relayFile(dataDir, READER, WANTED.row, WANTED.message);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  const errors: unknown[] = [];
  const server = await startFileServer({
    dataDir,
    fleetKey: FLEET_KEY,
    listen: { host: "127.0.0.1", port: 0 },
    clock: systemClock,
    onError: (error) => void errors.push(error),
    ...more,
  });
  onTestFinished(() => server.close());
  return { path, at: `http://127.0.0.1:${server.port}`, errors };
}

async function otherHost(more: Partial<FileReaderOptions> = {}): Promise<FileReader> {
  const own = { dataDir: await testDir(), fleetKey: FLEET_KEY, clock: systemClock };
  return new FileReader({ ...own, ...more });
}

async function all(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const got: Buffer[] = [];
  for await (const part of parts) got.push(part);
  return Buffer.concat(got);
}

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, n) => n % 251));

test.each([1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES + 17])(
  "a file of %i bytes arrives as it is, in parts of the size that is uploaded",
  async (sizeBytes) => {
    const content = bytes(sizeBytes);
    const { at } = await host(content);
    const reader = await otherHost();
    const sizes: number[] = [];
    for await (const part of reader.parts({ ...WANTED, sizeBytes, at })) sizes.push(part.length);
    expect(sizes.slice(0, -1).every((size) => size === PART_BYTES)).toBe(true);
    expect(await all(reader.parts({ ...WANTED, sizeBytes, at }))).toEqual(content);
  },
);

test("a file on this host is read from its disk, and no host is asked", async () => {
  const content = bytes(10);
  const { path } = await host(content);
  const dataDir = path.slice(0, path.indexOf("/relay-files"));
  const reader = await otherHost({ dataDir });
  const wanted = { ...WANTED, sizeBytes: 10, at: "http://127.0.0.1:1" };
  expect(await all(reader.parts(wanted))).toEqual(content);
  expect(reader.localPath(wanted)).toBe(path);
});

test("what is on no host is missing; a host that is away is asked again later", async () => {
  const { path, at } = await host(bytes(10));
  const reader = await otherHost();
  const wanted = { ...WANTED, sizeBytes: 10 };
  await expect(all(reader.parts(wanted))).rejects.toMatchObject({ code: "file-missing" });
  rmSync(path);
  await expect(all(reader.parts({ ...wanted, at }))).rejects.toMatchObject({
    code: "file-missing",
  });
  const closed = `http://127.0.0.1:${await freePort()}`;
  await expect(all(reader.parts({ ...wanted, at: closed }))).rejects.toMatchObject({
    code: "file-host-away",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("another FLEET_KEY gets nothing and is told what to compare", async () => {
  const { at } = await host(bytes(10));
  const stranger = await otherHost({ fleetKey: Buffer.alloc(32, 8) });
  await expect(all(stranger.parts({ ...WANTED, sizeBytes: 10, at }))).rejects.toMatchObject({
    code: "file-host-away",
    message: expect.stringContaining("FLEET_KEY"),
  });
});

test("clocks may be minutes apart, not an hour", async () => {
  const { at } = await host(bytes(10));
  const off = (ms: number): Clock => ({ ...systemClock, now: () => systemClock.now() + ms });
  const late = await otherHost({ clock: off(-10 * 60_000) });
  expect(await all(late.parts({ ...WANTED, sizeBytes: 10, at }))).toEqual(bytes(10));
  const later = await otherHost({ clock: off(60 * 60_000) });
  await expect(all(later.parts({ ...WANTED, sizeBytes: 10, at }))).rejects.toMatchObject({
    message: expect.stringContaining("clocks"),
  });
});

test("a host that someone else answers for is not believed", async () => {
  const liar = createServer((_request, response) => response.end("not sealed at all, but long"));
  liar.listen(0, "127.0.0.1");
  onTestFinished(() => void liar.close());
  await new Promise((resolve) => liar.once("listening", resolve));
  const at = `http://127.0.0.1:${(liar.address() as AddressInfo).port}`;
  const reader = await otherHost();
  await expect(all(reader.parts({ ...WANTED, sizeBytes: 10, at }))).rejects.toMatchObject({
    code: "file-host-away",
  });
});

test("a stranger learns nothing: every path answers the same, and no path leaves the folder", async () => {
  const { at, errors } = await host(bytes(10));
  const paths = [
    partPath(READER, 5, 42, 0),
    "/files/../../etc/passwd/1/1/0",
    "/files/%2e%2e/1/1/0",
    "/",
    "/files/reader/5/43/0",
  ];
  for (const path of paths) expect([path, (await fetch(at + path)).status]).toEqual([path, 403]);
  const seal = new PartSeal(FLEET_KEY);
  for (const path of [
    "/files/..%2f..%2fetc/1/1/0",
    "/files/reader/0/1/0",
    "/files/reader/5/42/-1",
  ]) {
    const headers = { authorization: seal.ask(path, systemClock.now()) };
    expect([path, (await fetch(at + path, { headers })).status]).toEqual([path, 404]);
  }
  expect(errors).toEqual([]);
});

test("a sealed part opens for its path and key alone, and a changed byte is found", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(), (content, at) => {
      const [seal, other] = [new PartSeal(FLEET_KEY), new PartSeal(Buffer.alloc(32, 8))];
      const path = partPath(READER, 1, 2, 3);
      const sealed = seal.seal(path, Buffer.from(content));
      expect(seal.open(path, sealed)).toEqual(Buffer.from(content));
      expect(seal.open(partPath(READER, 1, 2, 4), sealed)).toBeNull();
      expect(other.open(path, sealed)).toBeNull();
      const changed = Buffer.from(sealed);
      changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ 1;
      expect(seal.open(path, changed)).toBeNull();
    }),
  );
});
