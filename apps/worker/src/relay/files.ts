import { existsSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type DeliveryStep, type Route, relayFolder, SourceMessage } from "@flotilla/contracts";
import type { FileReader, FileSource } from "@flotilla/files";
import { AppError, type WorkerId } from "@flotilla/kernel";
import type { FetchedFile } from "@flotilla/relay";
import type { OutboxRow } from "@flotilla/session-store";
import { PART_BYTES, type RemoteFile, type UploadedFile } from "@flotilla/telegram";
import type { FilePort, TargetChat } from "./ports.ts";
import { isFile } from "./source-message.ts";

const MB = 1_000_000;
/** A reference that is too old is replaced so often; then something else is wrong. */
const REFERENCES = 3;
/**
 * The largest photo and the largest file that a bot may upload
 * (https://core.telegram.org/bots/api#sending-files).
 */
const BOT_PHOTO_MB = 10;
const BOT_FILE_MB = 50;

/** How far a download is. */
export interface FileProgress {
  readonly name: string;
  readonly doneBytes: number;
  readonly sizeBytes: number;
}

type UploadStep = Extract<DeliveryStep, { kind: "upload" }>;

/**
 * Files on their way from a reader to a sender, on the disk of the reader's host
 * (`relayFile`), readable by this user alone. An interrupted download resumes where it stopped; what no row
 * waits for is deleted.
 */
export class RelayFiles {
  readonly #dataDir: string;
  readonly #files: FilePort;
  readonly #reader: FileReader;
  readonly #progress = new Map<string, FileProgress>();

  /** `dataDir` is the same for all programs of a host. */
  constructor(dataDir: string, files: FilePort, reader: FileReader) {
    this.#dataDir = dataDir;
    this.#files = files;
    this.#reader = reader;
  }

  /** The download of a route that is under way, or null. */
  progress(route: string): FileProgress | null {
    return this.#progress.get(route) ?? null;
  }

  /**
   * Downloads what a row needs. Throws AppError `file-too-large`, `file-gone`, `protected-content`,
   * or what Telegram answered.
   */
  async fetch(
    reader: WorkerId,
    route: Route,
    row: OutboxRow,
    signal: AbortSignal,
  ): Promise<FetchedFile[]> {
    const pieces = row.pieces
      .map((piece) => SourceMessage.parse(JSON.parse(piece)))
      .sort((a, b) => a.id - b.id);
    const withFile = pieces.filter(isFile);
    const folder = this.#folder(reader, row.n);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found: FetchedFile[] = [];
    try {
      for (const piece of withFile) found.push(await this.#download(route, piece, folder, signal));
    } finally {
      this.#progress.delete(route.id);
    }
    return found;
  }

  /**
   * Uploads and sends. Throws AppError `file-missing`, `file-host-away`, or what Telegram answered.
   */
  async upload(
    from: FileSource,
    to: TargetChat,
    step: UploadStep,
  ): Promise<readonly (number | null)[]> {
    const ready: UploadedFile[] = [];
    for (const { message, randomId, text, entities, ...facts } of step.files) {
      const { sizeBytes } = facts;
      let part = 0;
      for await (const bytes of this.#reader.parts({ ...from, row: step.row, message, sizeBytes }))
        await this.#files.save(randomId, part++, bytes, sizeBytes);
      ready.push({ facts, id: randomId, randomId, text, entities });
    }
    return await this.#files.send(to, ready, step.replyTo);
  }

  /** What was downloaded for a row is not needed any more. */
  async forget(reader: WorkerId, row: number): Promise<void> {
    await rm(this.#folder(reader, row), { recursive: true, force: true });
  }

  /** Deletes what no row of this reader waits for: left over by a process that died. */
  async cleanUp(reader: WorkerId, isWaiting: (row: number) => boolean): Promise<void> {
    const names = await readdir(relayFolder(this.#dataDir, reader)).catch(() => []);
    for (const name of names) if (!isWaiting(Number(name))) await this.forget(reader, Number(name));
  }

  #folder(reader: WorkerId, row: number): string {
    return relayFolder(this.#dataDir, reader, row);
  }

  async #download(
    route: Route,
    piece: SourceMessage,
    folder: string,
    signal: AbortSignal,
  ): Promise<FetchedFile> {
    let remote = await this.#files.find(piece.chat, piece.id);
    const { photo, mime, name, sizeBytes, look } = remote;
    const botMb = photo ? BOT_PHOTO_MB : BOT_FILE_MB;
    const mostMb = route.to.kind === "bot" ? Math.min(route.maxFileMb, botMb) : route.maxFileMb;
    if (sizeBytes > mostMb * MB) {
      const size = `${Math.ceil(sizeBytes / MB)} MB`;
      throw new AppError(
        "file-too-large",
        `The file has ${size}; this route copies up to ${mostMb} MB.`,
      );
    }
    const fetched: FetchedFile = { message: piece.id, photo, mime, name, sizeBytes, look };
    const path = join(folder, String(piece.id));
    if (existsSync(path)) return fetched;
    const file = await open(`${path}.part`, "a", 0o600);
    try {
      // A part that was written by halves is fetched again.
      let offset = Math.floor((await file.stat()).size / PART_BYTES) * PART_BYTES;
      await file.truncate(offset);
      for (let expired = 0; offset < sizeBytes; ) {
        signal.throwIfAborted();
        this.#progress.set(route.id, {
          name: name ?? piece.media ?? "file",
          doneBytes: offset,
          sizeBytes,
        });
        const bytes = await this.#read(remote, offset);
        if (bytes === null) {
          if (++expired > REFERENCES)
            throw new AppError("file-gone", "Telegram does not give the file.");
          remote = await this.#files.find(piece.chat, piece.id);
          continue;
        }
        if (bytes.length === 0) throw new AppError("file-gone", "The file ended before its end.");
        await file.appendFile(bytes);
        offset += bytes.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.part`, path);
    return { ...fetched, sizeBytes: (await stat(path)).size };
  }

  /** Null: its reference is too old. */
  async #read(remote: RemoteFile, offset: number): Promise<Buffer | null> {
    try {
      return await this.#files.read(remote, offset);
    } catch (error) {
      if (error instanceof Error && /FILE_REFERENCE_(?:EXPIRED|INVALID|EMPTY)/.test(error.message))
        return null;
      throw error;
    }
  }
}
