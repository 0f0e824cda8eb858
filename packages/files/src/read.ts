import { createReadStream, existsSync } from "node:fs";
import { relayFile } from "@flotilla/contracts";
import { AppError, type Clock, toError, withTimeout } from "@flotilla/kernel";
import { PART_BYTES, PartSeal, partPath } from "./seal.ts";

/** Folder and key of a {@link FileReader}. */
export interface FileReaderOptions {
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly clock: Clock;
}

/** Whose file it is, and where it can be asked for. */
export interface FileSource {
  readonly reader: string;
  /** Address of the reader's host for other hosts; absent = it has none. */
  readonly at?: string | undefined;
}

/** A file that a reader downloaded. */
export interface FileWanted extends FileSource {
  readonly row: number;
  readonly message: number;
  readonly sizeBytes: number;
}

/** Milliseconds for one part: an eighth of a megabyte over a slow line. */
const PART_MS = 30_000;

/** Reads files that a reader downloaded: from the disk of this host, or from the reader's host. */
export class FileReader {
  readonly #options: FileReaderOptions;
  readonly #seal: PartSeal;

  constructor(options: FileReaderOptions) {
    this.#options = options;
    this.#seal = new PartSeal(options.fleetKey);
  }

  /**
   * The bytes of a file, in parts of 128 KiB. Each call reads from the beginning. Throws AppError
   * `file-missing` (it is on no host that can be asked), `file-host-away` (its host does not answer
   * now, or refuses).
   */
  async *parts(wanted: FileWanted): AsyncGenerator<Buffer> {
    const path = this.#path(wanted);
    if (existsSync(path)) {
      for await (const bytes of createReadStream(path, { highWaterMark: PART_BYTES }))
        yield bytes as Buffer;
      return;
    }
    const { at } = wanted;
    if (at === undefined) throw notHere(wanted);
    let left = wanted.sizeBytes;
    for (let part = 0; left > 0; part++) {
      const bytes = await this.#ask(at, wanted, part);
      left -= bytes.length;
      yield bytes;
    }
  }

  /** Where the file is on this host; null = it is not. */
  localPath(wanted: FileWanted): string | null {
    const path = this.#path(wanted);
    return existsSync(path) ? path : null;
  }

  #path({ reader, row, message }: FileWanted): string {
    return relayFile(this.#options.dataDir, reader, row, message);
  }

  async #ask(at: string, wanted: FileWanted, part: number): Promise<Buffer> {
    const { reader, row, message } = wanted;
    const path = partPath(reader, row, message, part);
    const authorization = this.#seal.ask(path, this.#options.clock.now());
    const over = new AbortController();
    const get = async (): Promise<Buffer> => {
      const answer = await fetch(new URL(path, at), {
        headers: { authorization },
        redirect: "error",
        signal: over.signal,
      });
      if (answer.status === 404) throw notHere(wanted);
      if (!answer.ok) throw away(at, `status ${answer.status}${REASONS[answer.status] ?? ""}`);
      return Buffer.from(await answer.arrayBuffer());
    };
    let sealed: Buffer;
    try {
      sealed = await withTimeout(get(), PART_MS, () => away(at, "no answer in time"));
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw away(at, codeOfFetch(error), error);
    } finally {
      over.abort();
    }
    const bytes = this.#seal.open(path, sealed);
    if (bytes === null || bytes.length === 0)
      throw away(at, "its answer is not of this fleet: compare FLEET_KEY");
    return bytes;
  }
}

const REASONS: Readonly<Record<number, string>> = {
  403: ": compare FLEET_KEY and the clocks",
};

function notHere({ reader }: FileWanted): AppError {
  return new AppError(
    "file-missing",
    `The file that ${reader} downloaded is not on this host, and its own host has no HOST_URL or ` +
      "does not have it.",
  );
}

function away(at: string, reason: string, cause?: unknown): AppError {
  return new AppError(
    "file-host-away",
    `The host with the file does not give it at ${new URL(at).host} (${reason}). Look at its ` +
      "HOST_URL and the firewall in between.",
    { cause },
  );
}

/** `fetch` wraps the reason. */
function codeOfFetch(error: unknown): string {
  const { cause, name } = toError(error);
  const code = cause === undefined ? undefined : (toError(cause) as NodeJS.ErrnoException).code;
  return code ?? name;
}
