import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { sealed } from "../sealed/chunks.ts";
import { newOpening } from "../sealed/header.ts";
import type { Manifest } from "./manifest.ts";

/** Options of {@link writeArchive}. */
export interface WriteOptions {
  readonly manifest: Manifest;
  /** Folder with the files of the manifest, which do not change. */
  readonly folder: string;
  readonly fleetKey: Buffer;
  readonly signal?: AbortSignal | undefined;
  /** Called before each write. */
  readonly onStep: () => void;
}

/** Most of a session is keys and numbers: a higher level takes longer and gains little. */
const GZIP_LEVEL = 1;

/**
 * Writes an archive into a new file of mode 0600 and syncs it. Throws what the system says, also
 * `EEXIST`; the caller removes the file then.
 */
export async function writeArchive(path: string, options: WriteOptions): Promise<void> {
  const { fleetKey, onStep, signal } = options;
  const file = await open(path, "wx", 0o600);
  try {
    await file.chmod(0o600);
    const { bytes, key } = newOpening(fleetKey);
    onStep();
    await writeAll(file, bytes);
    await pipeline(
      Readable.from(content(options), { objectMode: false }),
      createGzip({ level: GZIP_LEVEL }),
      async (compressed: AsyncIterable<Buffer>) => {
        for await (const chunk of sealed(compressed, key)) {
          onStep();
          await writeAll(file, chunk);
        }
      },
      signal === undefined ? {} : { signal },
    );
    onStep();
    await file.sync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done)).bytesWritten;
}

/** Length of the manifest, the manifest, and its files one after the other. */
async function* content({ manifest, folder }: WriteOptions): AsyncGenerator<Buffer> {
  const text = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  yield length;
  yield text;
  for (const { name } of manifest.files) yield* createReadStream(join(folder, name));
}
