import { randomBytes } from "node:crypto";
import { refusal } from "./model/refusal.ts";

const DOWNLOAD_BYTES = 20 * 1024 * 1024;

/** A file the bot sent, kept in memory. */
export interface StoredFile {
  fileId: string;
  uniqueId: string;
  name: string;
  mime: string;
  /** Path below `/file/bot<token>/`. */
  path: string;
  bytes: Uint8Array;
}

/** A {@link StoredFile} with its bytes as base64, for the state file. */
export type SavedFile = Omit<StoredFile, "bytes"> & { base64: string };

/** Files by id and by download path. */
export class FileStore {
  #files = new Map<string, StoredFile>();
  #count = 0;

  /**
   * Stores bytes under a fresh id. `folder` is `photos` or `documents`, as in Telegram's own paths.
   */
  add(
    folder: "photos" | "documents",
    upload: { name: string; mime: string; bytes: Uint8Array },
  ): StoredFile {
    const extension =
      /\.[A-Za-z0-9]{1,8}$/.exec(upload.name)?.[0] ?? (folder === "photos" ? ".jpg" : "");
    const file: StoredFile = {
      fileId: `AgAC${randomBytes(30).toString("base64url")}`,
      uniqueId: `AQAD${randomBytes(9).toString("base64url")}`,
      name: upload.name,
      mime: upload.mime,
      path: `${folder}/file_${this.#count++}${extension}`,
      bytes: upload.bytes,
    };
    this.#files.set(file.fileId, file);
    return file;
  }

  /** Refuses an unknown id in Telegram's words. */
  get(fileId: string): StoredFile {
    const file = this.#files.get(fileId);
    if (file === undefined) throw refusal(400, "wrong file identifier/HTTP URL specified");
    return file;
  }

  /**
   * For getFile: refuses unknown ids and files over 20 MB.
   * https://core.telegram.org/bots/api#getfile
   */
  downloadable(fileId: string): StoredFile {
    const file = this.#files.get(fileId);
    if (file === undefined) throw refusal(400, "invalid file_id");
    if (file.bytes.length > DOWNLOAD_BYTES) throw refusal(400, "file is too big");
    return file;
  }

  byPath(path: string): StoredFile | undefined {
    return [...this.#files.values()].find((file) => file.path === path);
  }

  byUniqueId(uniqueId: string): StoredFile | undefined {
    return [...this.#files.values()].find((file) => file.uniqueId === uniqueId);
  }

  clear(): void {
    this.#files.clear();
  }

  save(): SavedFile[] {
    return [...this.#files.values()].map(({ bytes, ...rest }) => ({
      ...rest,
      base64: Buffer.from(bytes).toString("base64"),
    }));
  }

  restore(saved: SavedFile[]): void {
    this.#files = new Map(
      saved.map(({ base64, ...rest }) => [
        rest.fileId,
        { ...rest, bytes: Buffer.from(base64, "base64") },
      ]),
    );
    this.#count = saved.length;
  }
}
