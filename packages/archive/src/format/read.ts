import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { toError } from "@flotilla/kernel";
import { opened } from "../sealed/chunks.ts";
import { damagedArchive, notAnArchive } from "../sealed/errors.ts";
import { headerLength, PREFIX_BYTES, parseHeader, parseOpening } from "../sealed/header.ts";
import { ByteReader } from "./byte-reader.ts";
import { type ArchivedFile, Manifest } from "./manifest.ts";

/** What to do with the parts of an archive, in their order. What they throw ends the reading. */
export interface Listener {
  manifest(manifest: Manifest): void | Promise<void>;
  /** Its bytes are authentic; that they are all of them is known when it has resolved. */
  file(file: ArchivedFile, content: AsyncIterable<Buffer>): Promise<void>;
}

/** A manifest has 300 bytes per file. */
const LONGEST_MANIFEST = 64 * 1024 * 1024;

/**
 * Reads a whole archive: every chunk is authenticated and every file compared with its hash. Throws
 * AppError `archive-foreign`, `archive-newer`, `wrong-fleet-key`, `archive-damaged`, what the
 * listener throws, and what the system says of the file.
 */
export async function readArchive(
  path: string,
  fleetKey: Buffer,
  listener: Listener,
): Promise<void> {
  await read(path, fleetKey, async (bytes) => {
    const manifest = await readManifest(path, bytes);
    await listener.manifest(manifest);
    for (const file of manifest.files) await readFile(path, file, bytes, listener);
    if (!(await bytes.isAtEnd())) throw damagedArchive(path, "there is more in it than it says");
  });
}

/** Reads only what an archive says of itself. Throws as {@link readArchive}. */
export async function peekArchive(path: string, fleetKey: Buffer): Promise<Manifest> {
  const found: Manifest[] = [];
  await read(path, fleetKey, async (bytes) => {
    found.push(await readManifest(path, bytes));
    throw new Enough();
  }).catch((error: unknown) => {
    if (!(error instanceof Enough)) throw error;
  });
  const [manifest] = found;
  if (!manifest) throw damagedArchive(path, "it has no manifest");
  return manifest;
}

/**
 * Id of the FLEET_KEY that an archive was sealed with, for a message: it is not proven. Throws
 * AppError `archive-foreign`, `archive-newer`, `archive-damaged`.
 */
export async function keyIdOf(path: string): Promise<string> {
  const source = createReadStream(path);
  try {
    return parseHeader(path, await headerOf(path, new ByteReader(source))).keyId;
  } finally {
    source.destroy();
  }
}

/** Ends the reading before the end of the file. */
class Enough extends Error {}

async function read(
  path: string,
  fleetKey: Buffer,
  work: (bytes: ByteReader) => Promise<void>,
): Promise<void> {
  try {
    await pipeline(
      createReadStream(path),
      (source: AsyncIterable<Buffer>) => clear(path, fleetKey, source),
      createGunzip(),
      (content: AsyncIterable<Buffer>) => work(new ByteReader(content)),
    );
  } catch (thrown) {
    const error = toError(thrown) as NodeJS.ErrnoException;
    const isGzip = error.code?.startsWith("Z_") === true;
    throw isGzip ? damagedArchive(path, "it cannot be unpacked", error) : error;
  }
}

/** The compressed content. */
async function* clear(
  path: string,
  fleetKey: Buffer,
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const bytes = new ByteReader(source);
  const { key } = parseOpening(path, await headerOf(path, bytes), fleetKey);
  yield* opened(bytes.pieces(Number.POSITIVE_INFINITY), { path, key });
}

/** The clear beginning. */
async function headerOf(path: string, bytes: ByteReader): Promise<Buffer> {
  const prefix = await bytes.take(PREFIX_BYTES);
  const length = headerLength(path, prefix);
  const text = await bytes.take(length);
  if (text.length < length) throw notAnArchive(path);
  return Buffer.concat([prefix, text]);
}

async function readManifest(path: string, bytes: ByteReader): Promise<Manifest> {
  const prefix = await bytes.take(4);
  const length = prefix.length === 4 ? prefix.readUInt32BE() : LONGEST_MANIFEST + 1;
  if (length > LONGEST_MANIFEST) throw damagedArchive(path, "its manifest cannot be read");
  const text = (await bytes.take(length)).toString("utf8");
  try {
    return Manifest.parse(JSON.parse(text));
  } catch (cause) {
    throw damagedArchive(path, "its manifest cannot be read", cause);
  }
}

async function readFile(
  path: string,
  file: ArchivedFile,
  bytes: ByteReader,
  listener: Listener,
): Promise<void> {
  const hash = createHash("sha256");
  let length = 0;
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const piece of bytes.pieces(file.bytes)) {
      hash.update(piece);
      length += piece.length;
      yield piece;
    }
  }
  await listener.file(file, hashed());
  if (length !== file.bytes || hash.digest("hex") !== file.sha256)
    throw damagedArchive(path, `${file.name} in it is not what the manifest says`);
}
